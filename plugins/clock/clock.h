/* What the kernel knows of its clock's discipline, without asking anybody: a file for each system. */
#ifndef CLOCK_H
#define CLOCK_H

struct clock_state {
    int synchronised;      /* something disciplines it, and has done so lately */
    double offset;         /* seconds that it is known to be off */
    double estimated, most; /* what its discipline estimates as error, and the most that it can be; seconds */
};

/* 0: errno says why it cannot be known. */
int clock_look(struct clock_state *state);

#endif
