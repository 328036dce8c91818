/** MD5, which Airflow's label values contain. Not for anything that must be secret. */
import { md5 as digest } from "@noble/hashes/legacy.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"

/** 32 lower-case hex digits of the UTF-8 of `text`. */
export const md5 = (text: string): string => bytesToHex(digest(utf8ToBytes(text)))
