#include "services/parser/parser_metrics.h"

METRICS_DEFINE(parser_metrics, PARSER_METRICS);
