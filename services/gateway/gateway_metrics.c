#include "services/gateway/gateway_metrics.h"

METRICS_DEFINE(gateway_metrics, GATEWAY_METRICS);
