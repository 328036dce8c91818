/** Base64 of bytes of any number and of texts in any script. */

/** The characters 0 to 255 for the bytes, as `btoa` wants them. */
const binary = (bytes: Iterable<number>): string => {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** Standard base64. */
export const toBase64 = (bytes: Iterable<number>): string => btoa(binary(bytes))

/** A text in the alphabet of URLs, without padding. */
export const toBase64Url = (text: string): string => bytesToBase64Url(new TextEncoder().encode(text))

/** Bytes in the alphabet of URLs, without padding. */
export const bytesToBase64Url = (bytes: Iterable<number>): string => toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")

/** Reads what `toBase64Url` wrote; throws where it did not. */
export const fromBase64Url = (text: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0)))
