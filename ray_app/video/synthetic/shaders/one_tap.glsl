#define SHADOW_TAPS 1
