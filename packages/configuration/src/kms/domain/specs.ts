/** What keys there are, what they are for, and with which algorithms. Source: KMS Developer Guide, "Key spec reference". */
export interface Spec {
  /** Usages it may have; the first is the default of the only spec that has one. */
  usages: readonly string[];
  encryption?: readonly string[];
  signing?: readonly string[];
  mac?: readonly string[];
  agreement?: readonly string[];
  /** Of RSA, bits of the modulus. */
  bits?: number;
  /** Of elliptic curves, by Node's name. */
  curve?: string;
  /** Of secrets, bytes. */
  bytes?: number;
}

const rsa = (bits: number): Spec => ({
  usages: ["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
  encryption: ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
  signing: ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512", "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"],
  bits,
});

const ecc = (curve: string, signing: string, agreement = true): Spec => ({
  usages: agreement ? ["SIGN_VERIFY", "KEY_AGREEMENT"] : ["SIGN_VERIFY"], signing: [signing], ...(agreement ? { agreement: ["ECDH"] } : {}), curve,
});

const hmac = (bytes: number): Spec => ({ usages: ["GENERATE_VERIFY_MAC"], mac: [`HMAC_SHA_${bytes * 8}`], bytes });

const specs: { [spec: string]: Spec } = {
  SYMMETRIC_DEFAULT: { usages: ["ENCRYPT_DECRYPT"], encryption: ["SYMMETRIC_DEFAULT"], bytes: 32 },
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: ecc("prime256v1", "ECDSA_SHA_256"),
  ECC_NIST_P384: ecc("secp384r1", "ECDSA_SHA_384"),
  ECC_NIST_P521: ecc("secp521r1", "ECDSA_SHA_512"),
  ECC_SECG_P256K1: ecc("secp256k1", "ECDSA_SHA_256", false),
  ECC_NIST_EDWARDS25519: ecc("ed25519", "ED25519_SHA_512", false),
  HMAC_224: hmac(28),
  HMAC_256: hmac(32),
  HMAC_384: hmac(48),
  HMAC_512: hmac(64),
};

/** The spec of a name; undefined for one that is AWS's but not ours (SM2, ML-DSA). */
export function specOf(name: string): Spec | undefined {
  return Object.hasOwn(specs, name) ? specs[name] : undefined;
}

/** Members of a key's description that follow from spec and usage. */
export function algorithmsOf(spec: string, usage: string): { EncryptionAlgorithms?: string[]; SigningAlgorithms?: string[]; MacAlgorithms?: string[]; KeyAgreementAlgorithms?: string[] } {
  const { encryption, signing, mac, agreement } = specs[spec]!;
  switch (usage) {
    case "ENCRYPT_DECRYPT": return { EncryptionAlgorithms: [...encryption!] };
    case "SIGN_VERIFY": return { SigningAlgorithms: [...signing!] };
    case "GENERATE_VERIFY_MAC": return { MacAlgorithms: [...mac!] };
    default: return { KeyAgreementAlgorithms: [...agreement!] };
  }
}
