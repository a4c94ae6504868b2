// Keys as real tools wrote them, so that the readers are tested where no tool is installed.
// THROW-AWAY KEYS, made for these tests and used nowhere; the passphrase is that of `goldenPassphrase`.

export interface GoldenKey {
  readonly name: string;
  readonly algorithm: "RSA" | "DSA" | "ECDSA" | "ED25519";
  readonly bits: number;
  readonly format: "OpenSSHv1" | "PEM" | "SSH2" | "PuTTY";
  readonly variant: string;
  readonly isEncrypted: boolean;
  /** As ssh-keygen 9.2 shows it, or put together from the numbers that the tool shows. */
  readonly fingerprint: string;
  readonly comment: string;
  /** What the tool wrote; SSH-1's file, which is not text, in base64. */
  readonly text: string;
}

export const goldenPassphrase = "Kühlwasser 4711";

export const goldenKeys: readonly GoldenKey[] = [
  {
    // puttygen 0.78
    name: "ssh1",
    algorithm: "RSA",
    bits: 1024,
    format: "OpenSSHv1",
    variant: "SSH-1 RSA private key file",
    isEncrypted: false,
    fingerprint: "SHA256:Vnb7hLCYVhbIjF2+Wlpqt4+dPJZhjfEC7w0mTMDqfr0",
    comment: "made for a test",
    text: [
      "U1NIIFBSSVZBVEUgS0VZIEZJTEUgRk9STUFUIDEuMQoAAAAAAAAAAAQABADrT51tgCM9s68ZKbm/NSgINDFH1adk4L5ZTxPMOZsx",
      "N/7LXgOAH+tDIKPznh87b2rcj3n3Ob8OvvC7HpBV/1fYLwcER/XXBjijD2OjM7GXKwDrTBYJTf1rH8tV/RF7Q327OLF1vGHpCOGJ",
      "bZmxYaJXU3nEGU2SpMOdktOW9Ft9fQARAQABAAAAD21hZGUgZm9yIGEgdGVzdOHh4eEEAMKm8F51gjF3YyAYoRvn1/65Vg7LUZak",
      "RzHPtVvaR2O2o2INmi2xucakyJstMT7UUvyy/zygm0iScMcJaHKLMFkBgFzoADHl+iGJ+qh5EWS0K8c4EOiy9+eJFDMrv/C02cLr",
      "9a63lwiHtDI9X7DrsDEyPnvZwUN7aGR2kCI7fs1BAfsGbBe//O7CMxNWWY3lEIiRYM0lSzMJ84Jyjn7FMo4DV+aVpBGKK3j/KAMm",
      "R4zFsCICLQyVmCUZPkCwV0wApJSuAgDttd9fGuiKAwzm2dzmZRRH3EzAOAA2cdFZicJjnGedeYLpT7fNIGg/hoV3hQULoEUlO6/y",
      "T/IkL4pq/hse8CuNAgD9ansqr4uW0XwXfYwDchTdM0oBz5xN8imiPLPAp7NMqZR95ram3MBgMzaJgWhuH5bpmT+GF/TTnNgqyrfg",
      "iiWxAAAAAA==",
    ].join(""),
  },
  {
    // puttygen 0.78
    name: "ssh1Encrypted",
    algorithm: "RSA",
    bits: 1024,
    format: "OpenSSHv1",
    variant: "SSH-1 RSA private key file",
    isEncrypted: true,
    fingerprint: "SHA256:Vnb7hLCYVhbIjF2+Wlpqt4+dPJZhjfEC7w0mTMDqfr0",
    comment: "made for a test",
    text: [
      "U1NIIFBSSVZBVEUgS0VZIEZJTEUgRk9STUFUIDEuMQoAAwAAAAAAAAQABADrT51tgCM9s68ZKbm/NSgINDFH1adk4L5ZTxPMOZsx",
      "N/7LXgOAH+tDIKPznh87b2rcj3n3Ob8OvvC7HpBV/1fYLwcER/XXBjijD2OjM7GXKwDrTBYJTf1rH8tV/RF7Q327OLF1vGHpCOGJ",
      "bZmxYaJXU3nEGU2SpMOdktOW9Ft9fQARAQABAAAAD21hZGUgZm9yIGEgdGVzdAmlsvSEdesYZNvRKrOtglWCMqe3HtTxIETZxJJ1",
      "bRCs51LOFhjs+E4lb/OUaa8vMkPJnMVU4z7xGEkb8XAquOvdU7szrCpv6AjKUs7mZt/kPaZdn2xSqDMODqPrl7Phcljed0I+T0QU",
      "r5r6AonLwEy4oEB/5xkr6YFrJSeUSdKNHchHm4cFcHZufO6KsP9IZ0qQ6Y201RmbsFPqNwSX6Xk+fb0y/lV2gbtSarjP7LaJrMDH",
      "sMwCKZHHKotsCKWv/hEMC1x6t5/nF3u0p9GuCkoZ+zCmvINjp4jdEsMhGFGyTV9v+EYHt3vwyvMM1YW4GsOOQuY792L3l909JKzo",
      "+tkHBdRg87GyFpyNwG5AxsZ2jRxpWZVvGHk74T3BXCBTmfFCGdB5uDNUDWhBwQ1luYBiaDCcCL9KUgZXVmdf4Q9g6uw9nh3PQcZf",
      "zV9WyDeQ9w==",
    ].join(""),
  },
  {
    // puttygen 0.78
    name: "sshComRsa",
    algorithm: "RSA",
    bits: 1024,
    format: "SSH2",
    variant: "ssh.com private key",
    isEncrypted: true,
    fingerprint: "SHA256:TBbb3KkyAui6uczlAxZIScSZgORVnIUdOGisJRYayuc",
    comment: "made for a test",
    text: [
      "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
      'Comment: "made for a test"',
      "P2/56wAAAjMAAAA3aWYtbW9kbntzaWdue3JzYS1wa2NzMS1zaGExfSxlbmNyeXB0e3JzYS",
      "1wa2NzMXYyLW9hZXB9fQAAAAgzZGVzLWNiYwAAAeDmZfCGe5vPbYge/FmfkaSVD3Ptc54J",
      "uhyl3mhMhN8ozVcs0lb64zaBi3vi/cYpBzC3N7xDyCsEHYLxTy7+1Ho39wwmtJYmP8eCOW",
      "rSB66ZIqCPDJAdtd3K+j9Vw+NxhirXlqrgvwjudJt9v05P//7TXffpi7vy3OHOyrP7CVHO",
      "09OtiibWd2SS6XaJrxue5rEchLWQSzxYpgEcrzsIXLnpVtU4zQrmAE6BiNk0KyxJc23uoM",
      "zHi2wKFE4OkyCt/TbiB0JFi6tDXoMqSel84R48zZghOg+sLm+4iBarS9zTIZ9ld6KTAoeR",
      "C8g6U7Y8goIgYOV9O5Yr7Pn9ZCojCVASaGL/4Hmlmoqgkq57W+KGFhd+C+eG1q/xY3JNID",
      "/WX4l27Zx2MNgh4usUxavXywykFVslrD8ZXA4oIRwSE0fPgTRJqTvl9BQuKqROSvYEKoGD",
      "fMi2zRbV6vBxauY7X6frWj7ZJfvNMAv0U7tNWxaSXHmiggHaxvK3eGZ0Q+vcNjRXhUb4i2",
      "sbdhrtTKcxEz40R2ABdn7uOyLi+4Z0WXWXoZbm9WabdtvwQuaQz0K8DfRKqgWZGwoDFf7T",
      "HzDBJfopiTCEptRYpCO2RF4xeUnck9CdjSfw13ZmmTgSLP98g+c=",
      "---- END SSH2 ENCRYPTED PRIVATE KEY ----",
      "",
    ].join("\n"),
  },
  {
    // puttygen 0.78
    name: "ppk2",
    algorithm: "ECDSA",
    bits: 256,
    format: "PuTTY",
    variant: "PPK version 2",
    isEncrypted: true,
    fingerprint: "SHA256:lsgQ6gKfjp0W1N9VY8Jy14nYFkUjjS+JlZMLU4XYSwo",
    comment: "made for a test",
    text: [
      "PuTTY-User-Key-File-2: ecdsa-sha2-nistp256",
      "Encryption: aes256-cbc",
      "Comment: made for a test",
      "Public-Lines: 3",
      "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBX7ZTbntFP4",
      "89Td2Ega9NKoyKRdMqDwHHXVDmQgSNhGGZCVvmWnAIkSTZxOi243TfZF2K4zYor9",
      "UzypCPoiTp8=",
      "Private-Lines: 1",
      "9AOjmsJe+UK0x3UomaQ81kOUOCYtHyxQ6bcRw+RrxTARTV7/YXUOr/06lFizWKhb",
      "Private-MAC: 2f894cc4cb3b15c783957bc9e05c3e0839d6f483",
      "",
    ].join("\n"),
  },
  {
    // puttygen 0.78
    name: "ppk3",
    algorithm: "ED25519",
    bits: 256,
    format: "PuTTY",
    variant: "PPK version 3",
    isEncrypted: true,
    fingerprint: "SHA256:nTqI2N6XZ9yiKEcyit9Ddtr+Aw81ARTVDTM9ioYk0AQ",
    comment: "made for a test",
    text: [
      "PuTTY-User-Key-File-3: ssh-ed25519",
      "Encryption: aes256-cbc",
      "Comment: made for a test",
      "Public-Lines: 2",
      "AAAAC3NzaC1lZDI1NTE5AAAAIAgvaGZg3W/+6M8YB2VaEN514yX8EnBqrerk0m+w",
      "5OW6",
      "Key-Derivation: Argon2id",
      "Argon2-Memory: 256",
      "Argon2-Passes: 2",
      "Argon2-Parallelism: 1",
      "Argon2-Salt: 5dd868132cee22d141d0def4e50a3b5a",
      "Private-Lines: 1",
      "6Ttt+HzFrXlYVOvxdb1GQuLH1V2P8dRh+/Gu0FA6QGTMy83xUhUyF9x2RIZkToF8",
      "Private-MAC: 09802e6596cd4b096388e4a7b3e1860b3610488e576c5e745f73a4653a230cba",
      "",
    ].join("\n"),
  },
  {
    // puttygen 0.78
    name: "ppk3Clear",
    algorithm: "ED25519",
    bits: 256,
    format: "PuTTY",
    variant: "PPK version 3",
    isEncrypted: false,
    fingerprint: "SHA256:nTqI2N6XZ9yiKEcyit9Ddtr+Aw81ARTVDTM9ioYk0AQ",
    comment: "made for a test",
    text: [
      "PuTTY-User-Key-File-3: ssh-ed25519",
      "Encryption: none",
      "Comment: made for a test",
      "Public-Lines: 2",
      "AAAAC3NzaC1lZDI1NTE5AAAAIAgvaGZg3W/+6M8YB2VaEN514yX8EnBqrerk0m+w",
      "5OW6",
      "Private-Lines: 1",
      "AAAAICWax753RRv89JzpcbQlkHqFAva9ed9QoGsIrzQEjkUW",
      "Private-MAC: df43afe2ba6fad581ab9ca94d04a5d8e5e5d66e7a0eb29b17ab8743da96d7a6e",
      "",
    ].join("\n"),
  },
  {
    // ssh-keygen 9.2
    name: "opensshChacha",
    algorithm: "ED25519",
    bits: 256,
    format: "OpenSSHv1",
    variant: "openssh-key-v1",
    isEncrypted: true,
    fingerprint: "SHA256:FYnxmqRYX9i4OtV4mayGpEQOjU9YsE/DUidjIhvDEx8",
    comment: "made for a test",
    text: [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "b3BlbnNzaC1rZXktdjEAAAAAHWNoYWNoYTIwLXBvbHkxMzA1QG9wZW5zc2guY29tAAAABm",
      "JjcnlwdAAAABgAAAAQ1a7NSlGuBBULsW3gVa79kgAAAAIAAAABAAAAMwAAAAtzc2gtZWQy",
      "NTUxOQAAACBvNDiAsbGx+Ym7Mn6Fg8CDIBKSvZYtl68Lu6IxqhuKPAAAAJif4aBK8S7KWz",
      "0p/4bwFQHAEeJNnINo4AXAI87kEX0nhPae4U4pGjzqOCMFICngXPjfhYfWmMvf0//QqCnM",
      "j18mhuzIXDlPq9quw81gjCzqG96Cm9LedtPwtvTlUmvEJOoC0VrFF76mVElNjm0Twy01/v",
      "HkSvvqjZEhd7stVsBUFIVukCFTnr7q5u4ZB2iIbXcksAUQ0oMamTL25hGMYvZ2BK2CKWrk",
      "Zrc=",
      "-----END OPENSSH PRIVATE KEY-----",
      "",
    ].join("\n"),
  },
  {
    // ssh-keygen 9.2
    name: "opensshGcm",
    algorithm: "ECDSA",
    bits: 256,
    format: "OpenSSHv1",
    variant: "openssh-key-v1",
    isEncrypted: true,
    fingerprint: "SHA256:FkFiDkQIbhUEJhUjj+ZtRm2hC9VpOL2x7P5jOWOmGDg",
    comment: "made for a test",
    text: [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "b3BlbnNzaC1rZXktdjEAAAAAFmFlczI1Ni1nY21Ab3BlbnNzaC5jb20AAAAGYmNyeXB0AA",
      "AAGAAAABBoL1SNmvNhWQb8FHaE1d1OAAAAAgAAAAEAAABoAAAAE2VjZHNhLXNoYTItbmlz",
      "dHAyNTYAAAAIbmlzdHAyNTYAAABBBEz8ofZQfIj1s7k3xXIjeB4+V9qzKWUuTRG2jl5EEY",
      "hI/ctJIwQB4HF1AyxTIYU6yITsvdM3tzIqQj/wxbxY2LgAAACwW2L+3idC2LOTqRoi9gdH",
      "jHgIIxSn6rWWPrHLjploYJuWyMvVc/RHg+cVTlmbRL2hRBYtSMrYlcFefXd5Q/TrOKUZMg",
      "bD+aEQS03VZ0XgfnIrdx887325Q2KoGcXh/t4DaBr2BWGRjwGTM/iX9V523vkhIyiDMCk7",
      "PgcD22nD45G4OlY2jle6hKbvfG4CA0iW70lsjQIc+ZkbQuKnJGpJmNxUCV9WFFPF22CEM8",
      "gAhtNb6G2a6WEr/MchS2srSkwF",
      "-----END OPENSSH PRIVATE KEY-----",
      "",
    ].join("\n"),
  },
  {
    // ssh-keygen 9.2
    name: "opensshClear",
    algorithm: "ED25519",
    bits: 256,
    format: "OpenSSHv1",
    variant: "openssh-key-v1",
    isEncrypted: false,
    fingerprint: "SHA256:cSVzt32tVRtA6+iCo+wu4dVKwXjl16tGrMjVaPEIle8",
    comment: "made for a test",
    text: [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW",
      "QyNTUxOQAAACBH91YEt8EBQ9f1iwxnoxW+8QABizKJ3zs/zMJBA8QF3wAAAJjDWCAsw1gg",
      "LAAAAAtzc2gtZWQyNTUxOQAAACBH91YEt8EBQ9f1iwxnoxW+8QABizKJ3zs/zMJBA8QF3w",
      "AAAEBGMxjbBZlCBf8Vx3YbqY9P5w6GMP2O3UTevAcq7FlnQ0f3VgS3wQFD1/WLDGejFb7x",
      "AAGLMonfOz/MwkEDxAXfAAAAD21hZGUgZm9yIGEgdGVzdAECAwQFBg==",
      "-----END OPENSSH PRIVATE KEY-----",
      "",
    ].join("\n"),
  },
  {
    // ssh-keygen 9.2
    name: "sec1",
    algorithm: "ECDSA",
    bits: 521,
    format: "PEM",
    variant: "SEC1",
    isEncrypted: false,
    fingerprint: "SHA256:1jwif+QSzvddQzcwHheV74AzYb7eN3kXIg62gnZcGKo",
    comment: "",
    text: [
      "-----BEGIN EC PRIVATE KEY-----",
      "MIHcAgEBBEIBEi7klAul5hgcBEUgOrR5xgOei9YJClPh39YUl26DNtq5u/dlwOXA",
      "X1sBT/ojhAiv8PpzWfDyujIfELVgD8NmFregBwYFK4EEACOhgYkDgYYABABdndkT",
      "loC/JiLSI08vuoAeKK7CrTenOVQ2+MlUDNmyGYdEDggvgq+0eG/6/Z80sMI0PnVI",
      "JPBTZ+TIH8sUi/wTMwA+Dn5Ex2c1W2I4kK2CmOEr3oQgKlGIMmGUDVJmG9rekAdH",
      "ADX+1pwZgEa9LSnF526kOnIPu+8bTtjH0MSlwTAD0g==",
      "-----END EC PRIVATE KEY-----",
      "",
    ].join("\n"),
  },
  {
    // ssh-keygen 9.2
    name: "sec1Encrypted",
    algorithm: "ECDSA",
    bits: 256,
    format: "PEM",
    variant: "SEC1, encrypted",
    isEncrypted: true,
    fingerprint: "SHA256:GLtdMSv8xbX96NaL+E+0MGkrY7LtW6Om8J6Zrz7Mtsw",
    comment: "",
    text: [
      "-----BEGIN EC PRIVATE KEY-----",
      "Proc-Type: 4,ENCRYPTED",
      "DEK-Info: AES-128-CBC,446ED3F4EA8C5CD17A0ED1DFC2C5295B",
      "",
      "u4aUd2IpmNyO7YAeBuyAQtxX8vNRYSozknP0YgSX3SHmXeQkiM4r7UqEkzzLhQLX",
      "8PY7xf99jMwyNv4iek9cLzzvn1aPQ6VC9v3Ew5qWBA7kyewSjqJgVezIEducOnZ3",
      "CEjoHJI+7II87FAgfuRX1tmNX/tCjzAghnOWFwEQy6U=",
      "-----END EC PRIVATE KEY-----",
      "",
    ].join("\n"),
  },
  {
    // ssh-keygen 9.2
    name: "dsaEncrypted",
    algorithm: "DSA",
    bits: 1024,
    format: "PEM",
    variant: "DSA in OpenSSL's form, encrypted",
    isEncrypted: true,
    fingerprint: "SHA256:8DppVvaTM9OVcZ1mzUlzBbvcnAAsmWPmXNQgOAn7z+M",
    comment: "",
    text: [
      "-----BEGIN DSA PRIVATE KEY-----",
      "Proc-Type: 4,ENCRYPTED",
      "DEK-Info: AES-128-CBC,6BF70D42F3A2B890B05BD50D69934B3E",
      "",
      "NMxjHTtecNWpNEgPwQv9WeiX7PEDxy8/ZFUrpCZOM+0NPQzxbDR2uYkP+QsNzxdx",
      "rsVgDHYzK+RHJMk5xJKOdOBux3r2qhJso+DdttjAc/8IWjpfhYcYP79J0b39Yn2G",
      "E1pMFJwAa1GDExW8kbRg+dZaD9SU0PC/IROqhjNIEEphgzGa4M0x43nuvb2iUuV9",
      "cjXorXuLvUtRZeMRX27iW2fNgVGnEryu3yn+bALsVfCphyUeerQoVMaUwyCERbOw",
      "zgFOu+W3yUX7/sosNtDMlxH0yBtXf7y8ImvujMZpXmEZj9APbQn1mXsu/ZMuaMJw",
      "TVq8IETEOcN8Fo043WpjEMJyKSyN/emosT2dYpxlzj1z3wiGEp+qJ3CrP2JC6hb1",
      "LPdVH+qrj4a2OfAcHe7UP+EPkWQvVQh9SlBC7wrb7Mx4YsLwTCQ+HFZaHnUEl7/T",
      "TD4CjcZWRpzvLcNwzwMnLpi23FeJLQojBlE+UI79u6wbYNlsdhyoU7eXidZQCr5d",
      "/9dITaslC+wGgBGy4jljpr/blEpd5yvHVqUgn4666U2RsC15pyXBRORSZgWUnlzv",
      "xjIjyySCkJkmS3BA+VwQOQ==",
      "-----END DSA PRIVATE KEY-----",
      "",
    ].join("\n"),
  },
  {
    // ssh-keygen 9.2
    name: "pkcs1Encrypted",
    algorithm: "RSA",
    bits: 1024,
    format: "PEM",
    variant: "PKCS#1, encrypted",
    isEncrypted: true,
    fingerprint: "SHA256:AhBRS6GSFa8y93JOGyByIZe1yamLqeaj8VyEIZwMB5Y",
    comment: "",
    text: [
      "-----BEGIN RSA PRIVATE KEY-----",
      "Proc-Type: 4,ENCRYPTED",
      "DEK-Info: AES-128-CBC,995B3BA524E677FFCDC55E9773C55BD0",
      "",
      "1TcuttzhHRbBaPYNh2MuluYLt8i5rjMqERU3nsHWwNswdWfCTKMzyZsycf63uC6K",
      "rZ09wQef53EG2JcYAgwuh/Y7ggNuKET1fbRY+EAKjYKyJww3wrPgdsIJHF0c2sku",
      "i4I9zl7luKcIEnJLNDX194hawsqkpAZVN8aFNyEbPOcWQ4epYtfZ0mcf9ieaWicw",
      "QGP57egYShiLdmJvHQyxTZWpOKlUupBsd4N7pl6fEbLXMKhuvGVOiAv4lnBncYXJ",
      "6heOmGbozg2p3t/bTdGXOsqGAs+4ggVPUcTpOxYshg6aR2p5HTeVbhZeZ2Hns4dY",
      "6+6pgPzW45qNlDac8ZcNkK9O1l5HsTpO9pnIq2UZSEQpqqKxrnWS7+jVaQFBib9N",
      "qW04BJISG9+jJOw1g9IA1NGYOMcnAxpljMFBvrQmYHbKrjPjvwUbhAj8tgCxFkzf",
      "v0/uhJAMSgi14g/1kOX4Pp01ubLq1Q4WXfQXvMAMyo6gVzCcKI9l/A7lTeGlwayD",
      "/kIDVFbPcJLRqRYh/JoOeqAcHYpNelkI4OpReSzmwXT9UmNXYpOLqp/LUVyJp1H6",
      "oJJ7p3juDL6zOau9xhpGaZOND/8Rze5C06ZxYb5Zd3yqSxpDunA+V56HBmkiw7Um",
      "HeMz1d1tY+c8rVXnsf2MSYGL/BbV7Ih1mJ+zqKG6KyjFxS7xqRd30739arUZffN8",
      "IOK3892FqMpOU8Q/4fzrPLXO2NddCJPXL8qLA5OO9v+LDPNn1pLpkeKjWXkNa5OD",
      "qmCn2Qn1CLF1DrRJ5zoiIb3IXOTVOmz1pH67oIlEIe8bTP1T93JCsrWFoX6+71En",
      "-----END RSA PRIVATE KEY-----",
      "",
    ].join("\n"),
  },
  {
    // ssh-keygen 9.2
    name: "pkcs8Encrypted",
    algorithm: "ECDSA",
    bits: 384,
    format: "PEM",
    variant: "PKCS#8, encrypted",
    isEncrypted: true,
    fingerprint: "SHA256:xnS+8PDx2oFkBArOBdG6QN2W91+7YCBo7+aReNATdB8",
    comment: "",
    text: [
      "-----BEGIN ENCRYPTED PRIVATE KEY-----",
      "MIIBHDBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIt3qvp+EH0SwCAggA",
      "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBCHmpl8OJFLE56Uq8fMMItEBIHA",
      "UkvPZUeFfbCYQUlo95VN5kHiG/ZQPOK4h2btA0Sp+NqahPvTLGLVPPpeH3hv+k0T",
      "Stzg0P/RFJGR/SKA10cxBYz5pv3YcqDvS4D4WBsdiWu7UwFDkXZMLVdmr44cePZ0",
      "D6z4mrv45WUZQOHf5HNwLzggCiy/JuQ6j21syLbIk82lOMCJVBtkntLL9atET4C/",
      "4S35ksoba8i7HdSEcA4KTpz01/e74bX1eSUqeVmt6mvOsaRo88bqyszYpkobgAKJ",
      "-----END ENCRYPTED PRIVATE KEY-----",
      "",
    ].join("\n"),
  },
  {
    // ssh-keygen 9.2
    name: "pkcs8RsaEncrypted",
    algorithm: "RSA",
    bits: 1024,
    format: "PEM",
    variant: "PKCS#8, encrypted",
    isEncrypted: true,
    fingerprint: "SHA256:pEUqZlMztqqbK2fv6+RTPnUlrtd7Xiynye22wYEG98Y",
    comment: "",
    text: [
      "-----BEGIN ENCRYPTED PRIVATE KEY-----",
      "MIIC3TBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIK7LtNxd5KE4CAggA",
      "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBCpzKDg01EzKTLqWBqtrTKOBIIC",
      "gKZl+kDktdHpQmAXdy9urK/Hz544eVIdQQ2novUcQYKU/Ll0u3FCVlyFgvUEtEy0",
      "InXHZ2ndcc2XRxml+28x6dZ4MppLetwUvmqRT4qjNPCJclsM9X8wDvFjMHypNBt2",
      "PAW2vHIt9V1saiUJXVMQUoOwTQn4pKfyyaAC1ACoyvIVd0Ft7YxPGlfrJmo2TiZ1",
      "ntylFd7rSTPV17YTk4vFqyx3FIVI7v8wC7DLCyA4scYrmqbsOW1GNTMGK/oFjoGL",
      "l6/WJqHhpUWd58ndLrr2hGtDBg9zlOdg8xnUt/Zf1W7YCW5Z1O4UqtvYBI8Rw4h+",
      "VC0q4SWnD8OH16RpiKL9/NbXSJSEmrvhZk4pAES7e72zzpnCujQur6a8gePUiPrl",
      "WNsmUs6SWxBrfofYvGtHJZ/RikSKftxnDHbssqsujUcjLELXy3rC0myIN/IZDWKx",
      "GWS8dQcLYD9yof9bZoceq9OJSAg+6PqmCK0SQjl2VDFpeHRCowmIVJnPryY3hU1E",
      "ckvogT43+C5LAI/QVBNN+I+YS6wfxsMiut0812fDCI0c0ObAvMSjFxHn6jfl3FCt",
      "dLnM07ckcIwD8IJLU//s+poScIVL7bJ/NUNgVohHlKXmyyGzWWZNd1rtvTbXOxJU",
      "+YIYoW6azdLuo3k+09bX7GHx6FSioumltncA5ExgSnzcECQ06tWTB/eOWGdQiOOg",
      "NZ9zTlnZ9yjRqkcT7pcZYoTN4NSiqkXOtnc6pE02tcfAbdIz92lyG+7blkw6RDS7",
      "vQP6ltwfNFryFD476iLhR6Zmr4yBTCK+01E36K/DfJcSzew6rnvEheCz2dguyAhs",
      "4cTeXXCIBZJ7eK0hgcNFJzk=",
      "-----END ENCRYPTED PRIVATE KEY-----",
      "",
    ].join("\n"),
  },
  {
    // openssl 3.0.19
    name: "pkcs8Clear",
    algorithm: "ED25519",
    bits: 256,
    format: "PEM",
    variant: "PKCS#8",
    isEncrypted: false,
    fingerprint: "SHA256:3/320tWEAnNVZQQOChOHNeFlB5OInud8Z77Un/tKKVY",
    comment: "",
    text: [
      "-----BEGIN PRIVATE KEY-----",
      "MC4CAQAwBQYDK2VwBCIEIMT+cRpFlbyy2eER7R4uWKQ/sl5JBBR6Ng3xNXYud9Lk",
      "-----END PRIVATE KEY-----",
      "",
    ].join("\n"),
  },
];

/** `ssh-keygen -s ca -I "shift 3" -n anna,bert -V 20260101000000Z:20270101000000Z -z 42` over the key of opensshClear. */
export const goldenUserCertificate = [
  "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIHUGtYb2xC5CBVD",
  "Tgui8G5wsNSIfRfj+wI3Ya5BdRx/6AAAAIEf3VgS3wQFD1/WLDGejFb7xAAGLMonfOz/MwkEDxAXfAAAAAAAAACoAAAABAAAAB3N",
  "oaWZ0IDMAAAAQAAAABGFubmEAAAAEYmVydAAAAABpVbkAAAAAAGs27IAAAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmc",
  "AAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQ",
  "tcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACApvam6fNsNwJi69hgQQL6srtW",
  "VG2ZZNUNX13N6TPHmwQAAAFMAAAALc3NoLWVkMjU1MTkAAABAuHn0HtZJMmvg6JbK41Y+ptfNyVOHA07C/txZ//ZzzzlwQ+gSd9+",
  "3UoUx9gUHja1FB6uSETnaPV89H7aCvxYRDw== made for a test",
].join("");

/** `ssh-keygen -s ca -h -I "host plc" -n plc.example` over the key of sec1. */
export const goldenHostCertificate = [
  "ecdsa-sha2-nistp521-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHA1MjEtY2VydC12MDFAb3BlbnNzaC5jb20",
  "AAAAgXgBbX0LkKukvO0kMli8wg/j5oWyrJlbIQvzelvrjlagAAAAIbmlzdHA1MjEAAACFBABdndkTloC/JiLSI08vuoAeKK7CrTe",
  "nOVQ2+MlUDNmyGYdEDggvgq+0eG/6/Z80sMI0PnVIJPBTZ+TIH8sUi/wTMwA+Dn5Ex2c1W2I4kK2CmOEr3oQgKlGIMmGUDVJmG9r",
  "ekAdHADX+1pwZgEa9LSnF526kOnIPu+8bTtjH0MSlwTAD0gAAAAAAAAAAAAAAAgAAAAhob3N0IHBsYwAAAA8AAAALcGxjLmV4YW1",
  "wbGUAAAAAAAAAAP//////////AAAAAAAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACApvam6fNsNwJi69hgQQL6srtWVG2Z",
  "ZNUNX13N6TPHmwQAAAFMAAAALc3NoLWVkMjU1MTkAAABAqBSmXZmWqNbF/UWGzb1yJ4snxhL1slK0jFARBqt+OIKivxlEXtpleKT",
  "QCqBNy48K2U6aG+fmG2YYWa2Z21GcAg== made for a test",
].join("");

/** Of the authority that signed both. */
export const goldenAuthorityFingerprint = "SHA256:gYH5XAtZdMlfNJlyyNYBYw+VezEBQ7pSjsbDpY6LtGc";

/** RFC 4716 by puttygen 0.78, the public half of sshComRsa. */
export const goldenRfc4716 = [
  "---- BEGIN SSH2 PUBLIC KEY ----",
  'Comment: "made for a test"',
  "AAAAB3NzaC1yc2EAAAADAQABAAAAgQDHBt0K97LbOGWrOdgr4IaYrAXrlapOqL66",
  "ZWaNEAnLScRxDYPY6gInatCh4dfNColBVtfMvcNQjsHlrMsx7u9E0Y323c6mQZtj",
  "f+N88B5YRCVvElg9v3/RyKcb+sbxmSaKi8BEEk++WuKr0IvOHcWt8gMfAKLabzgX",
  "dzg6rohKIw==",
  "---- END SSH2 PUBLIC KEY ----",
].join("\n");

/** SubjectPublicKeyInfo by openssl 3.0.19, the public half of pkcs8Clear. */
export const goldenPublicPem = [
  "-----BEGIN PUBLIC KEY-----",
  "MCowBQYDK2VwAyEAmz0jWwbBOP4kT+wAUcDSxZGLp/Q+qylA5VfpjeH0qnA=",
  "-----END PUBLIC KEY-----",
].join("\n");

/** SSH-1's public line by puttygen 0.78, the public half of ssh1. */
export const goldenSsh1Public = [
  "1024 65537 16524100074177794009977384848704415638152791925320462656338297367733208383487642698851923",
  "6661289143699802097392447052222513543995568621900808085075528510328460236846912158959328331632194032",
  "1536298451229227696094937622748464969249438839218921250182919092938830776047815250415489337248380458",
  "71037227539151682941 made for a test",
].join("");
