/* HTTP exchanges as operations of an owner. */
#ifndef HOST_OP_HTTP_H
#define HOST_OP_HTTP_H

#include "owner.h"

talon_op op_http(struct owner *owner, const struct talon_http *request, talon_http_fn *call, void *arg);

#endif
