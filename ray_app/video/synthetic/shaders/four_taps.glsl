#define SHADOW_TAPS 4
