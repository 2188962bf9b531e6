#include "services/writer/writer_metrics.h"

METRICS_DEFINE(writer_metrics, WRITER_METRICS);
