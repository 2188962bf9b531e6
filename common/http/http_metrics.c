#include "common/http/http_metrics.h"

METRICS_DEFINE(http_metrics, HTTP_METRICS);
