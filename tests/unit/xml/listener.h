/** A handler that writes down what it hears: "(name a=v:" for a beginning, text as it is, ")" for an end. */
#ifndef MUSTER_TESTS_XML_LISTENER_H
#define MUSTER_TESTS_XML_LISTENER_H

#include "common/xml/xml.h"

/** @param heard  is emptied at each restart; outlives the handler */
struct xml_handler listener(struct buffer *heard);

#endif
