/* What JavaScript calls. Names begin with hdw_. The shim adapts types and nothing else: every address
 * and number here comes from the JavaScript of this package, which has checked it. */
#ifndef HDW_EXPORT_H
#define HDW_EXPORT_H

#define HDW_EXPORT(name) __attribute__((used, visibility("default"), export_name(#name))) name

#endif
