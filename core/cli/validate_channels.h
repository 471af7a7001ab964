/* For `talon validate`. */
#ifndef CLI_VALIDATE_CHANNELS_H
#define CLI_VALIDATE_CHANNELS_H

#include "base/buffer.h"
#include "model.h"

/* A warning for each channel that no message has ever gone through. */
void validate_channels(const struct model *model, const char *file, struct buffer *messages);

#endif
