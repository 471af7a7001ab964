/* ONC RPC over TCP as RFC 5531 has it, as much of it as a call without credentials needs: pure, from bytes to bytes. */
#ifndef MOUNT_RPC_H
#define MOUNT_RPC_H

#include <stddef.h>
#include <stdint.h>

enum { RPC_CALL = 64, RPC_REPLY = 1024 };

enum rpc_program { RPC_PORTMAPPER = 100000, RPC_NFS = 100003, RPC_MOUNTD = 100005 };

/* Writes a call with its record mark; `arguments` are n words. Returns its length. */
size_t rpc_write_call(unsigned char call[RPC_CALL], uint32_t xid, uint32_t program, uint32_t version, uint32_t procedure, const uint32_t *arguments,
                      size_t n);

enum rpc_record { RPC_MORE, RPC_WHOLE, RPC_TOO_LONG, RPC_EMPTY };

/* Is there a whole record among the n bytes? Its fragments are joined in `record`, `used` says how many bytes it took. */
enum rpc_record rpc_read_record(const unsigned char *bytes, size_t n, unsigned char record[RPC_REPLY], size_t *length, size_t *used);

enum rpc_verdict {
    RPC_SUCCESS,
    RPC_NO_PROGRAM,
    RPC_NO_VERSION, /* low and high say which ones there are */
    RPC_NO_PROCEDURE,
    RPC_GARBAGE,
    RPC_SYSTEM_ERROR,
    RPC_REFUSED_RPC,  /* it speaks another version of RPC */
    RPC_REFUSED_AUTH, /* it wants credentials; low says why (auth_stat) */
    RPC_NO_REPLY,     /* it is none */
    RPC_OTHER_CALL    /* a reply, but not to this call */
};

struct rpc_reply {
    uint32_t low, high;
    uint32_t word; /* the first of the results; 0: none */
    int has_word;
};

enum rpc_verdict rpc_read_reply(const unsigned char *record, size_t n, uint32_t xid, struct rpc_reply *reply);

#endif
