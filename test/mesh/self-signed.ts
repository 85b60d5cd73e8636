import type { TlsIdentity } from '../../node/mesh/websocket-server.ts'

/** A certificate that nobody trusts, for relay.example.org, until 2126: made with `openssl req -x509 -newkey ec`. The key protects nothing. */
export const selfSigned: TlsIdentity = {
  certificate: `-----BEGIN CERTIFICATE-----
MIIBjzCCATWgAwIBAgIUa6XMBOFMwCjfA4Cx+5gl7z4qkhIwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRcmVsYXkuZXhhbXBsZS5vcmcwIBcNMjYxMTI0MDg1MzE3WhgP
MjEyNjEwMzEwODUzMTdaMBwxGjAYBgNVBAMMEXJlbGF5LmV4YW1wbGUub3JnMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELqSviTsfhS0IK5guR8AVW2kFpWuWlBBB
6nPt9DRCQKERPLr3kjRvHph66+k6YqLOnqEtJqu/t2JUzgEiSVkkXaNTMFEwHQYD
VR0OBBYEFNhyvJf47lSxmocRPMnu+rz9be+GMB8GA1UdIwQYMBaAFNhyvJf47lSx
mocRPMnu+rz9be+GMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh
AMVnURqIRvV3DtC3qbeJVXzH2AhqqqMV9JLw0B/CGTBFAiBoUdH1JoLT088I2Ril
Oaox6WTuO2nrL0POqcMDeP9LLw==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfoKkrgzS2b96nQpD
bhJ87tJaHvvP+IAzf+JTlgzQj8WhRANCAAQupK+JOx+FLQgrmC5HwBVbaQWla5aU
EEHqc+30NEJAoRE8uveSNG8emHrr6Tpios6eoS0mq7+3YlTOASJJWSRd
-----END PRIVATE KEY-----
`,
}
