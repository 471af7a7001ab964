/* How the page looks, and the policy that lets it look so and do nothing else. Private to serve. */
#ifndef SERVE_PAGE_STYLE_H
#define SERVE_PAGE_STYLE_H

/* Stands between <style> and </style>, byte for byte: the policy names its hash. */
extern const char page_style[];
/* The value of Content-Security-Policy for the page: nothing is loaded, run, framed or sent anywhere; only that style and a data: icon are allowed. */
extern const char page_policy[];

#endif
