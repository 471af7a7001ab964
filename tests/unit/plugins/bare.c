/* A shared object that is no plugin. */
int bare_number(void);

__attribute__((visibility("default"))) int bare_number(void)
{
    return 1;
}
