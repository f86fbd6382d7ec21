import type { RequestHeaders } from "./headers.ts";

/** What is known of a viewer beyond its headers. */
export interface ViewerFacts {
  ip: string;
  port: number;
  https: boolean;
  httpVersion: string;
  tls: string | undefined;
  /** ISO 3166-1 alpha-2. */
  country: string;
}

const TABLET = /ipad|tablet|kindle|silk|playbook|android(?!.*mobile)/i;
const MOBILE = /mobile|iphone|ipod|android|blackberry|opera mini|windows phone/i;
const TV = /smart-?tv|smarttv|googletv|appletv|hbbtv|netcast|roku|web0s|tizen.*tv|bravia/i;

/** CloudFront's own request headers, lower case: what policies and code at the edge may ask for. */
export function viewerHeaders({ ip, port, https, httpVersion, tls, country }: ViewerFacts, { "user-agent": agent = "" }: RequestHeaders): RequestHeaders {
  const tv = TV.test(agent);
  const tablet = !tv && TABLET.test(agent);
  const mobile = !tv && !tablet && MOBILE.test(agent);
  const address = ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
  return {
    "cloudfront-forwarded-proto": https ? "https" : "http",
    "cloudfront-is-android-viewer": String(/android/i.test(agent)),
    "cloudfront-is-desktop-viewer": String(!tv && !tablet && !mobile),
    "cloudfront-is-ios-viewer": String(/iphone|ipad|ipod/i.test(agent)),
    "cloudfront-is-mobile-viewer": String(mobile),
    "cloudfront-is-smarttv-viewer": String(tv),
    "cloudfront-is-tablet-viewer": String(tablet),
    "cloudfront-viewer-address": address,
    "cloudfront-viewer-country": country,
    "cloudfront-viewer-country-name": countryName(country),
    "cloudfront-viewer-http-version": httpVersion,
    ...(tls === undefined ? {} : { "cloudfront-viewer-tls": tls }),
  };
}

const names = new Intl.DisplayNames(["en"], { type: "region" });

function countryName(code: string): string {
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}

/** True for the name of a header that only CloudFront may set. */
export function isOwnHeader(lowerName: string): boolean {
  return lowerName.startsWith("cloudfront-");
}
