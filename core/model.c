/* The life of a model and the finding of things in it by name. */
#include "model.h"

#include <string.h>

const struct model *model_keep(const struct model *model)
{
    atomic_fetch_add(&((struct model *)(uintptr_t)model)->users, 1);
    return model;
}

void model_drop(const struct model *model)
{
    if (model && atomic_fetch_sub(&((struct model *)(uintptr_t)model)->users, 1) == 1)
        arena_free(model->arena);
}

size_t model_service(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->n_services; i++)
        if (strcmp(model->services[i].name, name) == 0)
            return i;
    return MODEL_NONE;
}

size_t model_check(const struct model *model, const char *full_name)
{
    size_t service;

    for (size_t i = 0; i < model->n_checks; i++)
        if (strcmp(model->checks[i].full_name, full_name) == 0)
            return i;
    service = model_service(model, full_name);
    if (service != MODEL_NONE && model->services[service].n_checks == 1)
        return model->services[service].first_check;
    return MODEL_NONE;
}
