/** What kind of device this is, as far as it decides where the person's e-ID most likely is. */

/** Whether this is a phone or a tablet. iPads say that they are Macs; no Mac has a touch screen. */
export function isMobile() {
  const agent = navigator.userAgent;
  if (/Android|iPhone|iPad|iPod/.test(agent)) return true;
  return /Macintosh/.test(agent) && navigator.maxTouchPoints > 1;
}
