/* Connections as operations of an owner: TCP or a unix socket, with TLS where asked for. */
#ifndef HOST_OP_CONNECT_H
#define HOST_OP_CONNECT_H

#include "owner.h"

talon_op op_connect(struct owner *owner, const struct talon_connect *request, talon_link_fn *call, void *arg);
void op_send(struct owner *owner, talon_op link, const void *bytes, size_t n);
/* TLS on a plain one that is up. */
void op_secure(struct owner *owner, talon_op link, const struct talon_tls *tls);

#endif
