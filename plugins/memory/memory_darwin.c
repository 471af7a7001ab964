/*
 * Memory on macOS, counted as Activity Monitor does: used is what programs hold and cannot be dropped (their own pages
 * but the purgeable ones), what is wired, and what the compressor occupies. Everything else, the cache of files among
 * it, can be had without swapping.
 */
#define _DARWIN_C_SOURCE
#include "memory.h"

#include <errno.h>
#include <mach/mach.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysctl.h>
#include <sys/types.h>

static double used_pages(const vm_statistics64_data_t *vm)
{
    const double own = (double)vm->internal_page_count - (double)vm->purgeable_count;

    return (own > 0 ? own : 0) + (double)vm->wire_count + (double)vm->compressor_page_count;
}

int memory_read(struct memory_figures *figures, char *why, size_t room)
{
    vm_statistics64_data_t vm;
    mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
    struct xsw_usage swap;
    uint64_t total = 0;
    size_t size = sizeof total;
    vm_size_t page = 0;
    const mach_port_t host = mach_host_self();
    const kern_return_t got = host_statistics64(host, HOST_VM_INFO64, (host_info64_t)&vm, &count);
    const kern_return_t sized = host_page_size(host, &page);

    mach_port_deallocate(mach_task_self(), host);
    if (got != KERN_SUCCESS || sized != KERN_SUCCESS) {
        snprintf(why, room, "host_statistics64: %s", mach_error_string(got != KERN_SUCCESS ? got : sized));
        return -1;
    }
    if (sysctlbyname("hw.memsize", &total, &size, NULL, 0) != 0 || total == 0) {
        snprintf(why, room, "sysctl hw.memsize: %s", strerror(errno));
        return -1;
    }
    memset(figures, 0, sizeof *figures);
    figures->total = (double)total;
    figures->available = figures->total - used_pages(&vm) * (double)page;
    if (figures->available < 0)
        figures->available = 0;
    size = sizeof swap;
    if (sysctlbyname("vm.swapusage", &swap, &size, NULL, 0) == 0) {
        figures->swap_total = (double)swap.xsu_total;
        figures->swap_used = (double)swap.xsu_used;
    }
    return 0;
}
