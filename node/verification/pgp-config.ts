import { type Config, config, enums } from 'openpgp'

/** The one configuration that every OpenPGP call of this project runs under: nothing is left to the library's defaults that a
 *  signature's worth hangs on. Methods of key objects take it whole, not as a part.
 *  @see docs/protocol.md 4.2 */
export const pgpConfig: Config = Object.freeze({
  ...config,
  preferredHashAlgorithm: enums.hash.sha512,
  // SHA-1 collides at a price that people can pay; what lies below it is worse.
  rejectHashAlgorithms: new Set([enums.hash.md5, enums.hash.ripemd, enums.hash.sha1]),
  rejectMessageHashAlgorithms: new Set([
    enums.hash.md5,
    enums.hash.ripemd,
    enums.hash.sha1,
    enums.hash.sha224,
  ]),
  rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal, enums.publicKey.dsa]),
  // On Node the library verifies these only with optional packages that are not there.
  rejectCurves: new Set([
    enums.curve.secp256k1,
    enums.curve.brainpoolP256r1,
    enums.curve.brainpoolP384r1,
    enums.curve.brainpoolP512r1,
  ]),
  minRSABits: 3072,
  allowMissingKeyFlags: false,
  allowInsecureVerificationWithReformattedKeys: false,
  allowInsecureDecryptionWithSigningKeys: false,
  allowUnauthenticatedMessages: false,
  ignoreMalformedPackets: false,
  enableParsingV5Entities: false,
  maxUserIDLength: 1024,
  // The library's own bound is Infinity; nothing that is decrypted here is larger than a reply key.
  maxDecompressedMessageSize: 1024 * 1024,
  knownNotations: [],
  showComment: false,
  showVersion: false,
})

/** For revocations only: one that is made with a weak hash still revokes, for the doubt is on the safe side. */
export const revocationConfig: Config = Object.freeze({
  ...pgpConfig,
  rejectHashAlgorithms: new Set<enums.hash>(),
})

/** "At no particular time": the library then checks signatures but no dates. Its types know only the default, which is now. */
export const anyTime = null as unknown as Date
