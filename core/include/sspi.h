/* SPDX-License-Identifier: Apache-2.0 */
/* SSPI, the acceptor's side: Windows' types, constants and calls with Windows' names, values and
 * structure layouts. Server code written for Windows compiles against it; what differs is listed
 * here.
 *
 * - Windows' "unsigned long" is a 32-bit field in every structure and stays one: ULONG is uint32_t.
 *   SEC_WCHAR is char16_t, so W strings are written u"...".
 * - Plain names (AcquireCredentialsHandle) are the A form, or the W form under UNICODE. A strings
 *   are UTF-8. SECURITY_WIN32 may be defined and changes nothing.
 * - Strings that a call only reads are const here. Windows' prototypes have no const.
 * - pAuthData is an SSPI_ACCEPTOR_DATA (sspi_acceptor.h). It names the keys and the users, which
 *   Windows takes from the machine.
 * - Every call checks its handles. SEC_E_INVALID_HANDLE: the handle is NULL, zeroed, invalidated or
 *   deleted, or this library never gave it out.
 * - SEC_E_INVALID_HANDLE is 0x80090301, as winerror.h has it. The pages of AcceptSecurityContext
 *   print 0x80100003, which is SCARD_E_INVALID_HANDLE: a misprint.
 * - ASC_REQ_HTTP and ASC_REQ_ALLOW_MISSING_BINDINGS are one bit: see "The bit 0x10000000" below.
 *
 * The "source" of a declaration is its page in Microsoft's public documentation of sspi.h. */
#ifndef SSPI_H
#define SSPI_H

#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <uchar.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The calls are visible in libsspi.so. All its other symbols are hidden. */
#if defined(__GNUC__)
#define SSPI_API __attribute__((visibility("default")))
#else
#define SSPI_API
#endif

/* Windows' prototypes name a calling convention. Here there is only one, so the names are empty. */
#ifndef SEC_ENTRY
#define SEC_ENTRY
#endif
#ifndef SEC_Entry
#define SEC_Entry
#endif

/* ---- basic types ---- */

typedef uint32_t ULONG;
typedef ULONG *PULONG;
typedef int32_t LONG;
typedef uint16_t USHORT;
typedef uintptr_t ULONG_PTR;
typedef char SEC_CHAR;
typedef char16_t SEC_WCHAR;
typedef int32_t SECURITY_STATUS;

/* ---- handles ---- */

/* The caller's variable holds numbers, never a pointer. Zeroed or invalidated means "no handle". */
typedef struct _SecHandle {
    ULONG_PTR dwLower;
    ULONG_PTR dwUpper;
} SecHandle, *PSecHandle;

typedef SecHandle CredHandle;
typedef PSecHandle PCredHandle;
typedef SecHandle CtxtHandle;
typedef PSecHandle PCtxtHandle;

#define SecInvalidateHandle(x)                                                                     \
    ((void)(((PSecHandle)(x))->dwLower = ((PSecHandle)(x))->dwUpper = (ULONG_PTR)-1))

/* True if the variable is not invalidated. It does not say whether the handle still exists. */
#define SecIsValidHandle(x)                                                                        \
    (((PSecHandle)(x))->dwLower != (ULONG_PTR)-1 && ((PSecHandle)(x))->dwUpper != (ULONG_PTR)-1)

/* ---- times ---- */

/* A FILETIME: units of 100 ns since 1601-01-01, in UTC. The pages recommend local time, but that
 * would depend on the time zone of the process. A time without end is 0x7FFFFFFF FFFFFFFF. */
typedef struct _SECURITY_INTEGER {
    uint32_t LowPart;
    int32_t HighPart;
} SECURITY_INTEGER, *PSECURITY_INTEGER;

typedef SECURITY_INTEGER TimeStamp;
typedef SECURITY_INTEGER *PTimeStamp;

/* ---- buffers ---- */

typedef struct _SecBuffer {
    ULONG cbBuffer;
    ULONG BufferType;
    void *pvBuffer;
} SecBuffer, *PSecBuffer;

typedef struct _SecBufferDesc {
    ULONG ulVersion; /* SECBUFFER_VERSION */
    ULONG cBuffers;  /* at most 32 here */
    PSecBuffer pBuffers;
} SecBufferDesc, *PSecBufferDesc;

#define SECBUFFER_VERSION 0

#define SECBUFFER_EMPTY                           0
#define SECBUFFER_DATA                            1
#define SECBUFFER_TOKEN                           2
#define SECBUFFER_PKG_PARAMS                      3
#define SECBUFFER_MISSING                         4
#define SECBUFFER_EXTRA                           5
#define SECBUFFER_STREAM_TRAILER                  6
#define SECBUFFER_STREAM_HEADER                   7
#define SECBUFFER_NEGOTIATION_INFO                8
#define SECBUFFER_PADDING                         9
#define SECBUFFER_STREAM                          10
#define SECBUFFER_MECHLIST                        11
#define SECBUFFER_MECHLIST_SIGNATURE              12
#define SECBUFFER_TARGET                          13
#define SECBUFFER_CHANNEL_BINDINGS                14
#define SECBUFFER_CHANGE_PASS_RESPONSE            15
#define SECBUFFER_TARGET_HOST                     16
#define SECBUFFER_ALERT                           17
#define SECBUFFER_APPLICATION_PROTOCOLS           18
#define SECBUFFER_SRTP_PROTECTION_PROFILES        19
#define SECBUFFER_SRTP_MASTER_KEY_IDENTIFIER      20
#define SECBUFFER_TOKEN_BINDING                   21
#define SECBUFFER_PRESHARED_KEY                   22
#define SECBUFFER_PRESHARED_KEY_IDENTITY          23
#define SECBUFFER_DTLS_MTU                        24
#define SECBUFFER_SEND_GENERIC_TLS_EXTENSION      25
#define SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION 26
#define SECBUFFER_FLAGS                           27
#define SECBUFFER_TRAFFIC_SECRETS                 28
#define SECBUFFER_CERTIFICATE_REQUEST_CONTEXT     29
#define SECBUFFER_CHANNEL_BINDINGS_RESULT         30
#define SECBUFFER_APP_SESSION_STATE               31
#define SECBUFFER_SESSION_TICKET                  32

/* Flags in BufferType. Remove them with ~SECBUFFER_ATTRMASK before you compare the type. */
#define SECBUFFER_ATTRMASK               0xF0000000
#define SECBUFFER_READONLY               0x80000000
#define SECBUFFER_READONLY_WITH_CHECKSUM 0x10000000
#define SECBUFFER_RESERVED               0x60000000

/* Offsets count from the start of the structure. The data follows it in the same buffer. */
typedef struct _SEC_CHANNEL_BINDINGS {
    ULONG dwInitiatorAddrType;
    ULONG cbInitiatorLength;
    ULONG dwInitiatorOffset;
    ULONG dwAcceptorAddrType;
    ULONG cbAcceptorLength;
    ULONG dwAcceptorOffset;
    ULONG cbApplicationDataLength;
    ULONG dwApplicationDataOffset;
} SEC_CHANNEL_BINDINGS, *PSEC_CHANNEL_BINDINGS;

#define SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS 0x1

typedef struct _SEC_CHANNEL_BINDINGS_EX {
    ULONG magicNumber;
    ULONG flags;
    ULONG cbHeaderLength;
    ULONG cbStructureLength;
    ULONG dwInitiatorAddrType;
    ULONG cbInitiatorLength;
    ULONG dwInitiatorOffset;
    ULONG dwAcceptorAddrType;
    ULONG cbAcceptorLength;
    ULONG dwAcceptorOffset;
    ULONG cbApplicationDataLength;
    ULONG dwApplicationDataOffset;
} SEC_CHANNEL_BINDINGS_EX, *PSEC_CHANNEL_BINDINGS_EX;

typedef struct _SEC_CHANNEL_BINDINGS_RESULT {
    ULONG flags;
} SEC_CHANNEL_BINDINGS_RESULT, *PSEC_CHANNEL_BINDINGS_RESULT;

#define SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT    0x1
#define SEC_CHANNEL_BINDINGS_RESULT_ABSENT            0x2
#define SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISMATCH 0x4
#define SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISSING  0x8
#define SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED     0x10
#define SEC_CHANNEL_BINDINGS_RESULT_VALID_PROXY       0x20
#define SEC_CHANNEL_BINDINGS_RESULT_VALID_MISSING     0x40

/* ---- packages ---- */

typedef struct _SecPkgInfoA {
    ULONG fCapabilities; /* SECPKG_FLAG_* */
    USHORT wVersion;
    USHORT wRPCID;
    ULONG cbMaxToken;
    SEC_CHAR *Name;
    SEC_CHAR *Comment;
} SecPkgInfoA, *PSecPkgInfoA;

typedef struct _SecPkgInfoW {
    ULONG fCapabilities;
    USHORT wVersion;
    USHORT wRPCID;
    ULONG cbMaxToken;
    SEC_WCHAR *Name;
    SEC_WCHAR *Comment;
} SecPkgInfoW, *PSecPkgInfoW;

#define NEGOSSP_NAME_A            "Negotiate"
#define NEGOSSP_NAME_W            u"Negotiate"
#define NTLMSP_NAME_A             "NTLM"
#define NTLMSP_NAME_W             u"NTLM"
#define MICROSOFT_KERBEROS_NAME_A "Kerberos"
#define MICROSOFT_KERBEROS_NAME_W u"Kerberos"
#define WDIGEST_SP_NAME_A         "WDigest"
#define WDIGEST_SP_NAME_W         u"WDigest"

#define SECPKG_FLAG_INTEGRITY              0x00000001
#define SECPKG_FLAG_PRIVACY                0x00000002
#define SECPKG_FLAG_TOKEN_ONLY             0x00000004
#define SECPKG_FLAG_DATAGRAM               0x00000008
#define SECPKG_FLAG_CONNECTION             0x00000010
#define SECPKG_FLAG_MULTI_REQUIRED         0x00000020
#define SECPKG_FLAG_CLIENT_ONLY            0x00000040
#define SECPKG_FLAG_EXTENDED_ERROR         0x00000080
#define SECPKG_FLAG_IMPERSONATION          0x00000100
#define SECPKG_FLAG_ACCEPT_WIN32_NAME      0x00000200
#define SECPKG_FLAG_STREAM                 0x00000400
#define SECPKG_FLAG_NEGOTIABLE             0x00000800
#define SECPKG_FLAG_GSS_COMPATIBLE         0x00001000
#define SECPKG_FLAG_LOGON                  0x00002000
#define SECPKG_FLAG_ASCII_BUFFERS          0x00004000
#define SECPKG_FLAG_FRAGMENT               0x00008000
#define SECPKG_FLAG_MUTUAL_AUTH            0x00010000
#define SECPKG_FLAG_DELEGATION             0x00020000
#define SECPKG_FLAG_READONLY_WITH_CHECKSUM 0x00040000
#define SECPKG_FLAG_RESTRICTED_TOKENS      0x00080000
#define SECPKG_FLAG_NEGO_EXTENDER          0x00100000
#define SECPKG_FLAG_NEGOTIABLE2            0x00200000

#define SECPKG_ID_NONE 0xFFFF

#define SECPKG_CRED_INBOUND              0x00000001
#define SECPKG_CRED_OUTBOUND             0x00000002
#define SECPKG_CRED_BOTH                 0x00000003
#define SECPKG_CRED_DEFAULT              0x00000004
#define SECPKG_CRED_AUTOLOGON_RESTRICTED 0x00000010
#define SECPKG_CRED_PROCESS_POLICY_ONLY  0x00000020
#define SECPKG_CRED_RESERVED             0xF0000000

/* ---- requirements (ASC_REQ_*) and attributes (ASC_RET_*) of a context ---- */

/* The bit 0x10000000.
 *
 * The Digest page names it ASC_REQ_HTTP; Windows' own header has it as
 * ASC_REQ_ALLOW_MISSING_BINDINGS and has no ASC_REQ_HTTP. One bit cannot mean both, so:
 * - With a SECBUFFER_CHANNEL_BINDINGS buffer in the input the bit always means
 *   ASC_REQ_ALLOW_MISSING_BINDINGS.
 * - Without one it means ASC_REQ_HTTP: Digest works in its HTTP form, and without the bit as a SASL
 *   mechanism. Other packages have one form.
 * - A SECBUFFER_PKG_PARAMS buffer also means HTTP, with or without the bit.
 * - Together with ASC_REQ_PROXY_BINDINGS the bit is refused (SEC_E_SECURITY_QOS_FAILED).
 * One danger remains. If a caller passes ASC_REQ_HTTP and a channel binding buffer, a client may
 * omit the binding, even if the caller wants to require it. Such a caller must not set the bit, and
 * must pass SECBUFFER_PKG_PARAMS for HTTP. */
#define ASC_REQ_DELEGATE               0x00000001
#define ASC_REQ_MUTUAL_AUTH            0x00000002
#define ASC_REQ_REPLAY_DETECT          0x00000004
#define ASC_REQ_SEQUENCE_DETECT        0x00000008
#define ASC_REQ_CONFIDENTIALITY        0x00000010
#define ASC_REQ_USE_SESSION_KEY        0x00000020
#define ASC_REQ_SESSION_TICKET         0x00000040
#define ASC_REQ_ALLOCATE_MEMORY        0x00000100
#define ASC_REQ_USE_DCE_STYLE          0x00000200
#define ASC_REQ_DATAGRAM               0x00000400
#define ASC_REQ_CONNECTION             0x00000800
#define ASC_REQ_CALL_LEVEL             0x00001000
#define ASC_REQ_FRAGMENT_SUPPLIED      0x00002000
#define ASC_REQ_EXTENDED_ERROR         0x00008000
#define ASC_REQ_STREAM                 0x00010000
#define ASC_REQ_INTEGRITY              0x00020000
#define ASC_REQ_LICENSING              0x00040000
#define ASC_REQ_IDENTIFY               0x00080000
#define ASC_REQ_ALLOW_NULL_SESSION     0x00100000
#define ASC_REQ_ALLOW_NON_USER_LOGONS  0x00200000
#define ASC_REQ_ALLOW_CONTEXT_REPLAY   0x00400000
#define ASC_REQ_FRAGMENT_TO_FIT        0x00800000
#define ASC_REQ_NO_TOKEN               0x01000000
#define ASC_REQ_PROXY_BINDINGS         0x04000000
#define ASC_REQ_ALLOW_MISSING_BINDINGS 0x10000000
#define ASC_REQ_HTTP                   0x10000000

#define ASC_RET_DELEGATE              0x00000001
#define ASC_RET_MUTUAL_AUTH           0x00000002
#define ASC_RET_REPLAY_DETECT         0x00000004
#define ASC_RET_SEQUENCE_DETECT       0x00000008
#define ASC_RET_CONFIDENTIALITY       0x00000010
#define ASC_RET_USE_SESSION_KEY       0x00000020
#define ASC_RET_SESSION_TICKET        0x00000040
#define ASC_RET_ALLOCATED_MEMORY      0x00000100
#define ASC_RET_USED_DCE_STYLE        0x00000200
#define ASC_RET_DATAGRAM              0x00000400
#define ASC_RET_CONNECTION            0x00000800
#define ASC_RET_CALL_LEVEL            0x00002000
#define ASC_RET_THIRD_LEG_FAILED      0x00004000
#define ASC_RET_EXTENDED_ERROR        0x00008000
#define ASC_RET_STREAM                0x00010000
#define ASC_RET_INTEGRITY             0x00020000
#define ASC_RET_LICENSING             0x00040000
#define ASC_RET_IDENTIFY              0x00080000
#define ASC_RET_NULL_SESSION          0x00100000
#define ASC_RET_ALLOW_NON_USER_LOGONS 0x00200000
#define ASC_RET_ALLOW_CONTEXT_REPLAY  0x00400000
#define ASC_RET_FRAGMENT_ONLY         0x00800000
#define ASC_RET_NO_TOKEN              0x01000000
#define ASC_RET_NO_ADDITIONAL_TOKEN   0x02000000

#define SECURITY_NATIVE_DREP  0x00000010
#define SECURITY_NETWORK_DREP 0x00000000

#define SECQOP_WRAP_NO_ENCRYPT 0x80000001
#define SECQOP_WRAP_OOB_DATA   0x40000000
#define SIGN_ONLY              0x80000001
#define KERB_WRAP_NO_ENCRYPT   0x80000001

#define SASL_OPTION_SEND_SIZE        1
#define SASL_OPTION_RECV_SIZE        2
#define SASL_OPTION_AUTHZ_STRING     3
#define SASL_OPTION_AUTHZ_PROCESSING 4

typedef enum _SASL_AUTHZID_STATE {
    Sasl_AuthZIDForbidden,
    Sasl_AuthZIDProcessed
} SASL_AUTHZID_STATE;

/* ---- attributes that QueryContextAttributes returns ---- */

#define SECPKG_ATTR_SIZES                       0
#define SECPKG_ATTR_NAMES                       1
#define SECPKG_ATTR_LIFESPAN                    2
#define SECPKG_ATTR_DCE_INFO                    3
#define SECPKG_ATTR_STREAM_SIZES                4
#define SECPKG_ATTR_KEY_INFO                    5
#define SECPKG_ATTR_AUTHORITY                   6
#define SECPKG_ATTR_PROTO_INFO                  7
#define SECPKG_ATTR_PASSWORD_EXPIRY             8
#define SECPKG_ATTR_SESSION_KEY                 9
#define SECPKG_ATTR_PACKAGE_INFO                10
#define SECPKG_ATTR_USER_FLAGS                  11
#define SECPKG_ATTR_NEGOTIATION_INFO            12
#define SECPKG_ATTR_NATIVE_NAMES                13
#define SECPKG_ATTR_FLAGS                       14
#define SECPKG_ATTR_USE_VALIDATED               15
#define SECPKG_ATTR_CREDENTIAL_NAME             16
#define SECPKG_ATTR_TARGET_INFORMATION          17
#define SECPKG_ATTR_ACCESS_TOKEN                18
#define SECPKG_ATTR_TARGET                      19
#define SECPKG_ATTR_AUTHENTICATION_ID           20
#define SECPKG_ATTR_LOGOFF_TIME                 21
#define SECPKG_ATTR_NEGO_KEYS                   22
#define SECPKG_ATTR_PROMPTING_NEEDED            24
#define SECPKG_ATTR_UNIQUE_BINDINGS             25
#define SECPKG_ATTR_ENDPOINT_BINDINGS           26
#define SECPKG_ATTR_CLIENT_SPECIFIED_TARGET     27
#define SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS    30
#define SECPKG_ATTR_NEGO_PKG_INFO               31
#define SECPKG_ATTR_NEGO_STATUS                 32
#define SECPKG_ATTR_CONTEXT_DELETED             33
#define SECPKG_ATTR_DTLS_MTU                    34
#define SECPKG_ATTR_APPLICATION_PROTOCOL        35
#define SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS   36
#define SECPKG_ATTR_IS_LOOPBACK                 37
#define SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES 128
#define SECPKG_ATTR_DATAGRAM_SIZES              SECPKG_ATTR_STREAM_SIZES

typedef struct _SecPkgContext_Sizes {
    ULONG cbMaxToken;
    ULONG cbMaxSignature;
    ULONG cbBlockSize;
    ULONG cbSecurityTrailer;
} SecPkgContext_Sizes, *PSecPkgContext_Sizes;

typedef struct _SecPkgContext_StreamSizes {
    ULONG cbHeader;
    ULONG cbTrailer;
    ULONG cbMaximumMessage;
    ULONG cBuffers;
    ULONG cbBlockSize;
} SecPkgContext_StreamSizes, *PSecPkgContext_StreamSizes;

typedef SecPkgContext_StreamSizes SecPkgContext_DatagramSizes;
typedef PSecPkgContext_StreamSizes PSecPkgContext_DatagramSizes;

typedef struct _SecPkgContext_NamesA {
    SEC_CHAR *sUserName;
} SecPkgContext_NamesA, *PSecPkgContext_NamesA;

typedef struct _SecPkgContext_NamesW {
    SEC_WCHAR *sUserName;
} SecPkgContext_NamesW, *PSecPkgContext_NamesW;

typedef struct _SecPkgContext_Lifespan {
    TimeStamp tsStart;
    TimeStamp tsExpiry;
} SecPkgContext_Lifespan, *PSecPkgContext_Lifespan;

typedef struct _SecPkgContext_DceInfo {
    ULONG AuthzSvc;
    void *pPac;
} SecPkgContext_DceInfo, *PSecPkgContext_DceInfo;

typedef struct _SecPkgContext_KeyInfoA {
    SEC_CHAR *sSignatureAlgorithmName;
    SEC_CHAR *sEncryptAlgorithmName;
    ULONG KeySize;
    ULONG SignatureAlgorithm;
    ULONG EncryptAlgorithm;
} SecPkgContext_KeyInfoA, *PSecPkgContext_KeyInfoA;

typedef struct _SecPkgContext_KeyInfoW {
    SEC_WCHAR *sSignatureAlgorithmName;
    SEC_WCHAR *sEncryptAlgorithmName;
    ULONG KeySize;
    ULONG SignatureAlgorithm;
    ULONG EncryptAlgorithm;
} SecPkgContext_KeyInfoW, *PSecPkgContext_KeyInfoW;

typedef struct _SecPkgContext_AuthorityA {
    SEC_CHAR *sAuthorityName;
} SecPkgContext_AuthorityA, *PSecPkgContext_AuthorityA;

typedef struct _SecPkgContext_AuthorityW {
    SEC_WCHAR *sAuthorityName;
} SecPkgContext_AuthorityW, *PSecPkgContext_AuthorityW;

typedef struct _SecPkgContext_ProtoInfoA {
    SEC_CHAR *sProtocolName;
    ULONG majorVersion;
    ULONG minorVersion;
} SecPkgContext_ProtoInfoA, *PSecPkgContext_ProtoInfoA;

typedef struct _SecPkgContext_ProtoInfoW {
    SEC_WCHAR *sProtocolName;
    ULONG majorVersion;
    ULONG minorVersion;
} SecPkgContext_ProtoInfoW, *PSecPkgContext_ProtoInfoW;

typedef struct _SecPkgContext_PasswordExpiry {
    TimeStamp tsPasswordExpires;
} SecPkgContext_PasswordExpiry, *PSecPkgContext_PasswordExpiry;

typedef struct _SecPkgContext_SessionKey {
    ULONG SessionKeyLength;
    unsigned char *SessionKey;
} SecPkgContext_SessionKey, *PSecPkgContext_SessionKey;

typedef struct _SecPkgContext_PackageInfoA {
    PSecPkgInfoA PackageInfo;
} SecPkgContext_PackageInfoA, *PSecPkgContext_PackageInfoA;

typedef struct _SecPkgContext_PackageInfoW {
    PSecPkgInfoW PackageInfo;
} SecPkgContext_PackageInfoW, *PSecPkgContext_PackageInfoW;

typedef struct _SecPkgContext_UserFlags {
    ULONG UserFlags;
} SecPkgContext_UserFlags, *PSecPkgContext_UserFlags;

#define SECPKG_NEGOTIATION_COMPLETE      0
#define SECPKG_NEGOTIATION_OPTIMISTIC    1
#define SECPKG_NEGOTIATION_IN_PROGRESS   2
#define SECPKG_NEGOTIATION_DIRECT        3
#define SECPKG_NEGOTIATION_TRY_MULTICRED 4

typedef struct _SecPkgContext_NegotiationInfoA {
    PSecPkgInfoA PackageInfo;
    ULONG NegotiationState;
} SecPkgContext_NegotiationInfoA, *PSecPkgContext_NegotiationInfoA;

typedef struct _SecPkgContext_NegotiationInfoW {
    PSecPkgInfoW PackageInfo;
    ULONG NegotiationState;
} SecPkgContext_NegotiationInfoW, *PSecPkgContext_NegotiationInfoW;

typedef struct _SecPkgContext_NativeNamesA {
    SEC_CHAR *sClientName;
    SEC_CHAR *sServerName;
} SecPkgContext_NativeNamesA, *PSecPkgContext_NativeNamesA;

typedef struct _SecPkgContext_NativeNamesW {
    SEC_WCHAR *sClientName;
    SEC_WCHAR *sServerName;
} SecPkgContext_NativeNamesW, *PSecPkgContext_NativeNamesW;

typedef struct _SecPkgContext_Flags {
    ULONG Flags; /* ASC_RET_* */
} SecPkgContext_Flags, *PSecPkgContext_Flags;

typedef struct _SecPkgContext_CredentialNameA {
    ULONG CredentialType;
    SEC_CHAR *sCredentialName;
} SecPkgContext_CredentialNameA, *PSecPkgContext_CredentialNameA;

typedef struct _SecPkgContext_CredentialNameW {
    ULONG CredentialType;
    SEC_WCHAR *sCredentialName;
} SecPkgContext_CredentialNameW, *PSecPkgContext_CredentialNameW;

typedef struct _SecPkgContext_TargetInformation {
    ULONG MarshalledTargetInfoLength;
    unsigned char *MarshalledTargetInfo;
} SecPkgContext_TargetInformation, *PSecPkgContext_TargetInformation;

typedef struct _SecPkgContext_AccessToken {
    void *AccessToken;
} SecPkgContext_AccessToken, *PSecPkgContext_AccessToken;

typedef struct _SecPkgContext_Target {
    ULONG TargetLength;
    SEC_CHAR *Target;
} SecPkgContext_Target, *PSecPkgContext_Target;

typedef struct _SecPkgContext_AuthzID {
    ULONG AuthzIDLength;
    SEC_CHAR *AuthzID;
} SecPkgContext_AuthzID, *PSecPkgContext_AuthzID;

typedef struct _SecPkgContext_LogoffTime {
    TimeStamp tsLogoffTime;
} SecPkgContext_LogoffTime, *PSecPkgContext_LogoffTime;

typedef struct _SecPkgContext_Bindings {
    ULONG BindingsLength;
    SEC_CHANNEL_BINDINGS *Bindings;
} SecPkgContext_Bindings, *PSecPkgContext_Bindings;

/* A W string in both forms of the call, as on Windows. */
typedef struct _SecPkgContext_ClientSpecifiedTarget {
    SEC_WCHAR *sTargetName;
} SecPkgContext_ClientSpecifiedTarget, *PSecPkgContext_ClientSpecifiedTarget;

typedef enum _SECPKG_ATTR_LCT_STATUS {
    SecPkgAttrLastClientTokenYes,
    SecPkgAttrLastClientTokenNo,
    SecPkgAttrLastClientTokenMaybe
} SECPKG_ATTR_LCT_STATUS,
    *PSECPKG_ATTR_LCT_STATUS;

typedef struct _SecPkgContext_LastClientTokenStatus {
    SECPKG_ATTR_LCT_STATUS LastClientTokenStatus;
} SecPkgContext_LastClientTokenStatus, *PSecPkgContext_LastClientTokenStatus;

typedef struct _SecPkgContext_NegoPackageInfo {
    ULONG PackageMask;
} SecPkgContext_NegoPackageInfo, *PSecPkgContext_NegoPackageInfo;

typedef struct _SecPkgContext_NegoStatus {
    ULONG LastStatus;
} SecPkgContext_NegoStatus, *PSecPkgContext_NegoStatus;

/* ---- statuses ---- */

/* SEC_E_* and STATUS_* are negative, SEC_I_* positive, SEC_E_OK zero. */
#define SEC_E_OK ((SECURITY_STATUS)0x00000000)

#define SEC_I_CONTINUE_NEEDED        ((SECURITY_STATUS)0x00090312)
#define SEC_I_COMPLETE_NEEDED        ((SECURITY_STATUS)0x00090313)
#define SEC_I_COMPLETE_AND_CONTINUE  ((SECURITY_STATUS)0x00090314)
#define SEC_I_LOCAL_LOGON            ((SECURITY_STATUS)0x00090315)
#define SEC_I_CONTEXT_EXPIRED        ((SECURITY_STATUS)0x00090317)
#define SEC_I_INCOMPLETE_CREDENTIALS ((SECURITY_STATUS)0x00090320)
#define SEC_I_RENEGOTIATE            ((SECURITY_STATUS)0x00090321)
#define SEC_I_NO_LSA_CONTEXT         ((SECURITY_STATUS)0x00090323)
#define SEC_I_SIGNATURE_NEEDED       ((SECURITY_STATUS)0x0009035C)
#define SEC_I_NO_RENEGOTIATION       ((SECURITY_STATUS)0x00090360)

#define SEC_E_INSUFFICIENT_MEMORY           ((SECURITY_STATUS)0x80090300)
#define SEC_E_INVALID_HANDLE                ((SECURITY_STATUS)0x80090301)
#define SEC_E_UNSUPPORTED_FUNCTION          ((SECURITY_STATUS)0x80090302)
#define SEC_E_TARGET_UNKNOWN                ((SECURITY_STATUS)0x80090303)
#define SEC_E_INTERNAL_ERROR                ((SECURITY_STATUS)0x80090304)
#define SEC_E_SECPKG_NOT_FOUND              ((SECURITY_STATUS)0x80090305)
#define SEC_E_NOT_OWNER                     ((SECURITY_STATUS)0x80090306)
#define SEC_E_CANNOT_INSTALL                ((SECURITY_STATUS)0x80090307)
#define SEC_E_INVALID_TOKEN                 ((SECURITY_STATUS)0x80090308)
#define SEC_E_CANNOT_PACK                   ((SECURITY_STATUS)0x80090309)
#define SEC_E_QOP_NOT_SUPPORTED             ((SECURITY_STATUS)0x8009030A)
#define SEC_E_NO_IMPERSONATION              ((SECURITY_STATUS)0x8009030B)
#define SEC_E_LOGON_DENIED                  ((SECURITY_STATUS)0x8009030C)
#define SEC_E_UNKNOWN_CREDENTIALS           ((SECURITY_STATUS)0x8009030D)
#define SEC_E_NO_CREDENTIALS                ((SECURITY_STATUS)0x8009030E)
#define SEC_E_MESSAGE_ALTERED               ((SECURITY_STATUS)0x8009030F)
#define SEC_E_OUT_OF_SEQUENCE               ((SECURITY_STATUS)0x80090310)
#define SEC_E_NO_AUTHENTICATING_AUTHORITY   ((SECURITY_STATUS)0x80090311)
#define SEC_E_BAD_PKGID                     ((SECURITY_STATUS)0x80090316)
#define SEC_E_CONTEXT_EXPIRED               ((SECURITY_STATUS)0x80090317)
#define SEC_E_INCOMPLETE_MESSAGE            ((SECURITY_STATUS)0x80090318)
#define SEC_E_INCOMPLETE_CREDENTIALS        ((SECURITY_STATUS)0x80090320)
#define SEC_E_BUFFER_TOO_SMALL              ((SECURITY_STATUS)0x80090321)
#define SEC_E_WRONG_PRINCIPAL               ((SECURITY_STATUS)0x80090322)
#define SEC_E_TIME_SKEW                     ((SECURITY_STATUS)0x80090324)
#define SEC_E_UNTRUSTED_ROOT                ((SECURITY_STATUS)0x80090325)
#define SEC_E_ILLEGAL_MESSAGE               ((SECURITY_STATUS)0x80090326)
#define SEC_E_CERT_UNKNOWN                  ((SECURITY_STATUS)0x80090327)
#define SEC_E_CERT_EXPIRED                  ((SECURITY_STATUS)0x80090328)
#define SEC_E_ENCRYPT_FAILURE               ((SECURITY_STATUS)0x80090329)
#define SEC_E_DECRYPT_FAILURE               ((SECURITY_STATUS)0x80090330)
#define SEC_E_ALGORITHM_MISMATCH            ((SECURITY_STATUS)0x80090331)
#define SEC_E_SECURITY_QOS_FAILED           ((SECURITY_STATUS)0x80090332)
#define SEC_E_UNFINISHED_CONTEXT_DELETED    ((SECURITY_STATUS)0x80090333)
#define SEC_E_NO_TGT_REPLY                  ((SECURITY_STATUS)0x80090334)
#define SEC_E_NO_IP_ADDRESSES               ((SECURITY_STATUS)0x80090335)
#define SEC_E_WRONG_CREDENTIAL_HANDLE       ((SECURITY_STATUS)0x80090336)
#define SEC_E_CRYPTO_SYSTEM_INVALID         ((SECURITY_STATUS)0x80090337)
#define SEC_E_MAX_REFERRALS_EXCEEDED        ((SECURITY_STATUS)0x80090338)
#define SEC_E_MUST_BE_KDC                   ((SECURITY_STATUS)0x80090339)
#define SEC_E_STRONG_CRYPTO_NOT_SUPPORTED   ((SECURITY_STATUS)0x8009033A)
#define SEC_E_TOO_MANY_PRINCIPALS           ((SECURITY_STATUS)0x8009033B)
#define SEC_E_NO_PA_DATA                    ((SECURITY_STATUS)0x8009033C)
#define SEC_E_PKINIT_NAME_MISMATCH          ((SECURITY_STATUS)0x8009033D)
#define SEC_E_SMARTCARD_LOGON_REQUIRED      ((SECURITY_STATUS)0x8009033E)
#define SEC_E_SHUTDOWN_IN_PROGRESS          ((SECURITY_STATUS)0x8009033F)
#define SEC_E_KDC_INVALID_REQUEST           ((SECURITY_STATUS)0x80090340)
#define SEC_E_KDC_UNABLE_TO_REFER           ((SECURITY_STATUS)0x80090341)
#define SEC_E_KDC_UNKNOWN_ETYPE             ((SECURITY_STATUS)0x80090342)
#define SEC_E_UNSUPPORTED_PREAUTH           ((SECURITY_STATUS)0x80090343)
#define SEC_E_DELEGATION_REQUIRED           ((SECURITY_STATUS)0x80090345)
#define SEC_E_BAD_BINDINGS                  ((SECURITY_STATUS)0x80090346)
#define SEC_E_MULTIPLE_ACCOUNTS             ((SECURITY_STATUS)0x80090347)
#define SEC_E_NO_KERB_KEY                   ((SECURITY_STATUS)0x80090348)
#define SEC_E_CERT_WRONG_USAGE              ((SECURITY_STATUS)0x80090349)
#define SEC_E_DOWNGRADE_DETECTED            ((SECURITY_STATUS)0x80090350)
#define SEC_E_SMARTCARD_CERT_REVOKED        ((SECURITY_STATUS)0x80090351)
#define SEC_E_ISSUING_CA_UNTRUSTED          ((SECURITY_STATUS)0x80090352)
#define SEC_E_REVOCATION_OFFLINE_C          ((SECURITY_STATUS)0x80090353)
#define SEC_E_PKINIT_CLIENT_FAILURE         ((SECURITY_STATUS)0x80090354)
#define SEC_E_SMARTCARD_CERT_EXPIRED        ((SECURITY_STATUS)0x80090355)
#define SEC_E_NO_S4U_PROT_SUPPORT           ((SECURITY_STATUS)0x80090356)
#define SEC_E_CROSSREALM_DELEGATION_FAILURE ((SECURITY_STATUS)0x80090357)
#define SEC_E_REVOCATION_OFFLINE_KDC        ((SECURITY_STATUS)0x80090358)
#define SEC_E_ISSUING_CA_UNTRUSTED_KDC      ((SECURITY_STATUS)0x80090359)
#define SEC_E_KDC_CERT_EXPIRED              ((SECURITY_STATUS)0x8009035A)
#define SEC_E_KDC_CERT_REVOKED              ((SECURITY_STATUS)0x8009035B)
#define SEC_E_INVALID_PARAMETER             ((SECURITY_STATUS)0x8009035D)
#define SEC_E_DELEGATION_POLICY             ((SECURITY_STATUS)0x8009035E)
#define SEC_E_POLICY_NLTM_ONLY              ((SECURITY_STATUS)0x8009035F)
#define SEC_E_NO_CONTEXT                    ((SECURITY_STATUS)0x80090361)
#define SEC_E_PKU2U_CERT_FAILURE            ((SECURITY_STATUS)0x80090362)
#define SEC_E_MUTUAL_AUTH_FAILED            ((SECURITY_STATUS)0x80090363)

/* The NT statuses that SSPI calls also return. */
#define STATUS_INVALID_PARAMETER ((SECURITY_STATUS)0xC000000D)
#define STATUS_LOGON_FAILURE     ((SECURITY_STATUS)0xC000006D)
#define STATUS_BAD_BINDINGS      ((SECURITY_STATUS)0xC000035B)

/* ---- calls ---- */

/* Type of AcquireCredentialsHandle's pGetKeyFn, which is never called. Windows reserves it too. */
typedef void(SEC_ENTRY *SEC_GET_KEY_FN)(void *Arg, void *Principal, ULONG KeyVer, void **Key,
                                        SECURITY_STATUS *Status);

/* Makes the server's credential for one package: opens the keys or the users that verify clients.
 *
 * pszPrincipal      in, may be NULL. Kerberos and Negotiate: the one service principal to accept,
 *                   "HTTP/host" or "HTTP/host@REALM", when pAuthData names none. Others: ignored.
 * pszPackage        in. "Negotiate", "Kerberos", "NTLM", "WDigest" or "Digest", without case.
 * fCredentialUse    in. SECPKG_CRED_INBOUND or SECPKG_CRED_BOTH. A SECPKG_CRED_RESERVED bit is
 *                   refused, and so is a use without INBOUND, because this library has no client
 *                   side.
 * pvLogonId         in. Ignored.
 * pAuthData         in, may be NULL. An SSPI_ACCEPTOR_DATA. It is only read during the call, except
 *                   for the objects that its own comment names. NULL: the machine's defaults.
 * pGetKeyFn, pvGetKeyArgument   in. Ignored.
 * phCredential      out. Set on SEC_E_OK, invalidated on every other return (if it is not NULL).
 *                   The caller frees it with FreeCredentialsHandle.
 * ptsExpiry         out, may be NULL. The constant maximum: an acceptor's credential does not end.
 *
 * Returns
 * SEC_E_OK                   The credential is in *phCredential.
 * SEC_E_SECPKG_NOT_FOUND     There is no such package.
 * SEC_E_UNKNOWN_CREDENTIALS  A use without INBOUND, or pAuthData has another Version.
 * SEC_E_NO_CREDENTIALS       There is no usable key or user file: correct the configuration.
 * SEC_E_INVALID_PARAMETER    phCredential is NULL, or a W string is not UTF-16.
 * SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR   An error of the server.
 * Blocks: may read files. Threads: any. Source: nf-sspi-acquirecredentialshandlea. The
 * page does not say which status a wrong use has; this library returns UNKNOWN_CREDENTIALS. */
SSPI_API SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleA(
    const SEC_CHAR *pszPrincipal, const SEC_CHAR *pszPackage, ULONG fCredentialUse, void *pvLogonId,
    void *pAuthData, SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument, PCredHandle phCredential,
    PTimeStamp ptsExpiry);
SSPI_API SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleW(
    const SEC_WCHAR *pszPrincipal, const SEC_WCHAR *pszPackage, ULONG fCredentialUse,
    void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
    PCredHandle phCredential, PTimeStamp ptsExpiry);

/* Releases a credential. Contexts that were made with it, and calls that use it in other threads,
 * continue to work. The credential is freed after the last of them.
 *
 * phCredential      in. The caller's variable does not change, as on Windows.
 *
 * Returns SEC_E_OK; SEC_E_INVALID_HANDLE (the credential does not exist, as on a second free).
 * Blocks: no. Threads: any, also while others use the handle.
 * Source: nf-sspi-freecredentialshandle. */
SSPI_API SECURITY_STATUS SEC_ENTRY FreeCredentialsHandle(PCredHandle phCredential);

/* Performs one step of a client's login: takes the client's token, and returns the answer to send.
 *
 * phCredential      in. A credential. On a later call, the credential of the first call, or NULL.
 * phContext         in. NULL on the first call. On a later call, the context that the first call
 *                   returned.
 * pInput            in, may be NULL (nothing received yet). At most 32 buffers, which are only read
 *                   during the call. Flags in BufferType are ignored. SECBUFFER_EMPTY is skipped,
 *                   but must not stand between two SECBUFFER_PKG_PARAMS. A type that is not in
 *                   this list is refused.
 *                   - SECBUFFER_TOKEN, one: the client's token without base64, at most 65536 bytes.
 *                     Digest in HTTP: what follows the word "Digest". Empty or absent: nothing
 *                     received.
 *                   - SECBUFFER_PKG_PARAMS, up to four, for Digest in HTTP, in this order: method,
 *                     uri, H(entity-body) in hex, realm (ASCII characters as UTF-16LE). An empty
 *                     buffer means that the parameter is absent. uri is a path, or the target URI
 *                     with scheme and host (RFC 9110 7.1). If it is given, the client's uri
 *                     directive must name the same resource. If it is only a path, a client that
 *                     sends an absolute uri is refused. H(entity-body) is needed only for qop
 *                     auth-int, by the client's algorithm. Without it such a call is
 *                     SEC_E_INCOMPLETE_MESSAGE.
 *                   - SECBUFFER_SSPI_HASH_A1, for Digest: the user's hash (sspi_acceptor.h).
 *                   - SECBUFFER_CHANNEL_BINDINGS, up to 16: a SEC_CHANNEL_BINDINGS with its data.
 *                     Windows takes one. Here the client's binding must match one of them.
 * fContextReq       in. Any ASC_REQ_*. It is no error if the client does not meet a flag: check
 *                   *pfContextAttr. docs/libsspi.md says what each flag does; see also "The bit
 *                   0x10000000". Two uses are refused: ASC_REQ_CONFIDENTIALITY with HTTP Digest,
 *                   and ASC_REQ_PROXY_BINDINGS together with ASC_REQ_ALLOW_MISSING_BINDINGS.
 * TargetDataRep     in. Ignored.
 * phNewContext      in/out, never NULL. Receives the context's handle. May be phContext itself. If
 *                   a first call fails, there is no context, and the variable is invalidated. The
 *                   exception is SEC_E_BUFFER_TOO_SMALL with an answer that waits for a larger
 *                   buffer. On a later call the variable receives phContext's value again.
 * pOutput           in/out, may be NULL. Then a call with an answer that must be sent is
 *                   SEC_E_BUFFER_TOO_SMALL.
 *                   - SECBUFFER_TOKEN: the answer. Send it also on SEC_E_OK and on an error. With
 *                     ASC_REQ_ALLOCATE_MEMORY, this call allocates pvBuffer, and the caller frees
 *                     it with FreeContextBuffer. Otherwise pvBuffer is the caller's memory of
 *                     cbBuffer bytes. On return cbBuffer is the token's length. It is 0 if there
 *                     is no token; with ASC_REQ_ALLOCATE_MEMORY pvBuffer is then NULL. Several
 *                     buffers receive one Digest challenge each, the strongest first. Digest's
 *                     answer on SEC_E_OK is the value of Authentication-Info. Omit the buffer if
 *                     the server does not send that header.
 *                   - SECBUFFER_SSPI_ERROR_INFO: why the call failed (sspi_acceptor.h). Filled on
 *                     every return.
 *                   - SECBUFFER_CHANNEL_BINDINGS_RESULT: a SEC_CHANNEL_BINDINGS_RESULT. Its flags
 *                     say which channel the client named, also if the caller passed no binding to
 *                     compare. They are 0 if that is not known. Filled on every return.
 * pfContextAttr     out, may be NULL. On SEC_E_OK the ASC_RET_* of the context. On other returns 0,
 *                   or ASC_RET_ALLOCATED_MEMORY.
 * ptsExpiry         out, may be NULL. The end of the context. Set on SEC_E_OK only.
 *
 * Returns
 * SEC_E_OK                       The context is established. Send the token if there is one.
 * SEC_I_CONTINUE_NEEDED          Send the token, and call again with the client's next token.
 * SEC_I_COMPLETE_NEEDED          Digest: call CompleteAuthToken, which verifies the client.
 * SEC_E_INVALID_HANDLE           A handle does not exist, or phCredential is NULL on the first
 *                                call. Or phNewContext is NULL. Or an earlier call with the context
 *                                failed.
 * SEC_E_WRONG_CREDENTIAL_HANDLE  The context was not made with phCredential.
 * SEC_E_NO_CREDENTIALS           The credential has no usable key.
 * SEC_E_INVALID_TOKEN            A token or buffer breaks its rules.
 * SEC_E_INCOMPLETE_MESSAGE       Digest: no error was found so far, but the call needs more input.
 *                                Call again with it. The reason in SECBUFFER_SSPI_ERROR_INFO says
 *                                what is missing.
 * SEC_E_QOP_NOT_SUPPORTED        Digest: the client chose a qop that was not offered.
 * SEC_E_BAD_BINDINGS             Channel binding is wrong or missing, or its buffer is malformed.
 * SEC_E_BUFFER_TOO_SMALL         The answer does not fit the caller's buffer, or there is no buffer
 *                                for it. cbBuffer says the needed size. The library keeps the
 *                                answer. Repeat the call with the same input, the context's handle
 *                                (which a first call returns also here), and larger buffers or
 *                                ASC_REQ_ALLOCATE_MEMORY. Until then the client is not verified,
 *                                and every other call with this context fails.
 *                                Also: SECBUFFER_SSPI_ERROR_INFO is too small. Then the package
 *                                was not called.
 * SEC_E_SECURITY_QOS_FAILED      fContextReq has a flag that cannot be met.
 * SEC_E_LOGON_DENIED, SEC_E_TIME_SKEW, SEC_E_CONTEXT_EXPIRED, SEC_E_NO_KERB_KEY,
 * SEC_E_WRONG_PRINCIPAL, SEC_E_OUT_OF_SEQUENCE, SEC_E_MESSAGE_ALTERED,
 * SEC_E_NO_AUTHENTICATING_AUTHORITY   The client is refused. SECBUFFER_SSPI_ERROR_INFO says why.
 * STATUS_LOGON_FAILURE           The context is established already, and does not change.
 * SEC_E_UNSUPPORTED_FUNCTION     The package does not support the form of this login.
 * SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR   An error of the server.
 * SEC_I_COMPLETE_AND_CONTINUE is never returned: no package here continues a login after
 * CompleteAuthToken. An error on a later call ends the context: delete it. Only
 * SEC_E_INCOMPLETE_MESSAGE, SEC_E_BUFFER_TOO_SMALL and STATUS_LOGON_FAILURE do not end it.
 * Blocks: Kerberos may read files. NTLM without a user file waits for winbindd, which waits for a
 * domain controller. Threads: any. Several calls may use one credential at a time, but only one
 * call may use a context. A second one is SEC_E_INVALID_HANDLE in this library. Source:
 * AcceptSecurityContext (Digest), AcceptSecurityContext (Negotiate). */
SSPI_API SECURITY_STATUS SEC_ENTRY
AcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext, PSecBufferDesc pInput,
                      ULONG fContextReq, ULONG TargetDataRep, PCtxtHandle phNewContext,
                      PSecBufferDesc pOutput, PULONG pfContextAttr, PTimeStamp ptsExpiry);

/* Finishes a Digest login after SEC_I_COMPLETE_NEEDED.
 *
 * phContext         in. The context for which AcceptSecurityContext returned SEC_I_COMPLETE_NEEDED.
 * pToken            in. The input buffers of that call again. A second SECBUFFER_TOKEN is accepted
 *                   and not read, because callers pass the output of AcceptSecurityContext in the
 *                   place of the realm. A SECBUFFER_SSPI_ERROR_INFO is filled.
 *
 * Returns
 * SEC_E_OK                    The client is verified.
 * SEC_E_OUT_OF_SEQUENCE       This nonce count was used before.
 * SEC_E_UNSUPPORTED_FUNCTION  Only Digest has this call.
 * SEC_E_INVALID_HANDLE, SEC_E_INVALID_TOKEN, SEC_E_MESSAGE_ALTERED, SEC_E_LOGON_DENIED,
 * SEC_E_BAD_BINDINGS, SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR   As AcceptSecurityContext.
 * Blocks: no. Threads: as AcceptSecurityContext. Source: nf-sspi-completeauthtoken. */
SSPI_API SECURITY_STATUS SEC_ENTRY CompleteAuthToken(PCtxtHandle phContext, PSecBufferDesc pToken);

/* Frees a context in any state. If the calling thread impersonates its client, the thread is
 * changed back first.
 *
 * phContext         in. The caller's variable does not change.
 *
 * Returns SEC_E_OK; SEC_E_INVALID_HANDLE (the context does not exist, as on a second delete; or
 * another thread impersonates its client).
 * Blocks: no. Threads: any. A call that uses the context in another thread ends as usual.
 * Source: nf-sspi-deletesecuritycontext. */
SSPI_API SECURITY_STATUS SEC_ENTRY DeleteSecurityContext(PCtxtHandle phContext);

/* Frees memory that one of these calls allocated: tokens, strings of attributes, SecPkgInfo.
 *
 * pvContextBuffer   in. A pointer to such memory, or NULL.
 *
 * Returns SEC_E_OK. Blocks: no. Threads: any. Source: nf-sspi-freecontextbuffer. */
SSPI_API SECURITY_STATUS SEC_ENTRY FreeContextBuffer(void *pvContextBuffer);

/* Returns an attribute of an established context.
 *
 * phContext         in. The context.
 * ulAttribute       in. SECPKG_ATTR_
 *   NAMES                     the client: alice@REALM, DOMAIN\alice, Digest's own name
 *   LIFESPAN                  the times of the login and of the ticket's end; the constant maximum
 *                             if there is no end
 *   AUTHORITY                 the client's realm or domain
 *   PACKAGE_INFO              the package of the credential
 *   NEGOTIATION_INFO          the package that authenticated the client, and
 *                             SECPKG_NEGOTIATION_COMPLETE
 *   NATIVE_NAMES              client and service; the service is empty if the client named no
 *                             service
 *   FLAGS                     ASC_RET_* as AcceptSecurityContext gave them
 *   CLIENT_SPECIFIED_TARGET   the service of the login: in Kerberos the one whose key decrypted the
 *                             ticket, otherwise the one that the client names
 *   ACCESS_TOKEN              a token as from QuerySecurityContextToken; close it in the same way
 *   LAST_CLIENT_TOKEN_STATUS  also before the login ends. Yes: the client has sent its last
 *                             token. No: it must send another one. Maybe: an answer waits for a
 *                             larger buffer
 *   SIZES, STREAM_SIZES, SESSION_KEY, KEY_INFO   see below
 * pBuffer           out. The SecPkgContext_* structure of that attribute and of this form (A or W).
 *                   Strings and SecPkgInfo in it are allocated, one block each: free the pointer
 *                   with FreeContextBuffer. A names are UTF-8.
 *
 * SIZES has the sizes of the buffers of the message calls. cbMaxSignature is 0 without
 * ASC_RET_INTEGRITY. cbSecurityTrailer is 0 if the context has neither that nor
 * ASC_RET_CONFIDENTIALITY. With Negotiate the sizes are the mechanism's. cbBlockSize is 0 with
 * NTLM, as on Windows.
 * STREAM_SIZES: cbHeader is for SECBUFFER_TOKEN, cbTrailer for SECBUFFER_PADDING, and
 * cbMaximumMessage for SECBUFFER_DATA.
 * SESSION_KEY is the key that protects messages (Kerberos: the acceptor's subkey if there is one),
 * or from which such keys are made (NTLM: ExportedSessionKey). Wipe it before you free it.
 * KEY_INFO has Windows' names and numbers of algorithms: for Kerberos those of its registry, for
 * NTLM "HMAC-MD5" (-138) and "RSADSI RC4" (CALG_RC4).
 * WDigest in HTTP: SIZES has cbMaxToken, and cbMaxSignature for MakeSignature. KEY_INFO has the
 * algorithm and nothing that encrypts. SESSION_KEY is H(A1), but only of the -sess algorithms.
 * H(A1) of the others can be used like the password. There is no STREAM_SIZES, because nothing is
 * encrypted.
 * WDigest in SASL: cbBlockSize is 8 with DES and 3DES, else 1, and cbSecurityTrailer is 0,
 * because all that is added follows the message. STREAM_SIZES likewise. KEY_INFO has "HMAC-MD5" and
 * the cipher; SESSION_KEY is H(A1). With qop auth no message is protected, and there are no sizes.
 *
 * Returns
 * SEC_E_OK                    The attribute is in pBuffer.
 * SEC_E_INVALID_HANDLE        The context does not exist, is not established, or another
 *                             thread uses it.
 * SEC_E_UNSUPPORTED_FUNCTION  Another attribute, or one that has no value (the client named no
 *                             target).
 * SEC_E_INVALID_PARAMETER     pBuffer is NULL.
 * SEC_E_INTERNAL_ERROR        A name is not UTF-8.
 * SEC_E_INSUFFICIENT_MEMORY   Memory ran out.
 * Blocks: no, but ACCESS_TOKEN as QuerySecurityContextToken. Threads: as AcceptSecurityContext.
 * Source: nf-sspi-querycontextattributesa. */
SSPI_API SECURITY_STATUS SEC_ENTRY QueryContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute,
                                                           void *pBuffer);
SSPI_API SECURITY_STATUS SEC_ENTRY QueryContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute,
                                                           void *pBuffer);

/* Makes a token: the client of an established context as an account of this machine.
 *
 * phContext         in. The context.
 * Token             out. A token of this library; on Windows it is a HANDLE. Read it with the
 *                   sspi_token_* calls of sspi_acceptor.h, and free it with sspi_token_close().
 *                   NULL on an error. The context may be deleted before the token.
 *
 * For a Kerberos principal, auth_to_local of krb5.conf names the account. For other clients it is
 * the account of the same name. In NTLM the name is DOMAIN\alice, as winbind's NSS module has it. A
 * client without an account also gives a token.
 *
 * Returns
 * SEC_E_OK                   The token is in *Token.
 * SEC_E_INVALID_HANDLE       The context does not exist, or is not established.
 * SEC_E_INVALID_PARAMETER    Token is NULL.
 * SEC_E_INTERNAL_ERROR       The user database cannot be read.
 * SEC_E_INSUFFICIENT_MEMORY  Memory ran out.
 * Blocks: as long as the sources of nsswitch.conf do. Threads: as AcceptSecurityContext.
 * Source: nf-sspi-querysecuritycontexttoken. */
SSPI_API SECURITY_STATUS SEC_ENTRY QuerySecurityContextToken(PCtxtHandle phContext, void **Token);

/* Makes the calling thread act as the client's account. It changes the effective user, the group
 * and the groups, and with them those of the file system. It also changes GSSAPI's default
 * credential cache, which then holds the credential that the client delegated (ASC_REQ_DELEGATE),
 * or nothing. Other threads do not change; threads that this one starts inherit the account. Real
 * and saved ids do not change. So access(2) still answers for the server, and code that runs
 * meanwhile could change back by itself, as on Windows.
 *
 * phContext         in. The same thread must call RevertSecurityContext before the context is
 *                   deleted.
 *
 * Returns
 * SEC_E_OK                   The thread acts as the client.
 * SEC_E_NO_IMPERSONATION     Nothing has changed. The process is not privileged. Or the client maps
 *                            to no account, or to root. Or ASC_REQ_IDENTIFY forbids it. Or this
 *                            thread or this context impersonates already.
 * SEC_E_INVALID_HANDLE       The context does not exist, or is not established.
 * SEC_E_INTERNAL_ERROR       The user database cannot be read.
 * SEC_E_INSUFFICIENT_MEMORY  Memory ran out.
 * Blocks: as QuerySecurityContextToken. Threads: as AcceptSecurityContext.
 * Source: nf-sspi-impersonatesecuritycontext. */
SSPI_API SECURITY_STATUS SEC_ENTRY ImpersonateSecurityContext(PCtxtHandle phContext);

/* Ends what ImpersonateSecurityContext began. If the kernel refuses, the process is aborted.
 *
 * phContext         in. The context.
 *
 * Returns
 * SEC_E_OK                   The thread acts as the server again.
 * SEC_E_NO_IMPERSONATION     This thread does not act as this context's client.
 * SEC_E_INVALID_HANDLE       The context does not exist.
 * SEC_E_INSUFFICIENT_MEMORY  The thread acts as the server again. But its default credential cache
 *                            is the machine's now, not the one that it had set for itself.
 * Blocks: no. Threads: the one that impersonates. Source: nf-sspi-revertsecuritycontext. */
SSPI_API SECURITY_STATUS SEC_ENTRY RevertSecurityContext(PCtxtHandle phContext);

/* ---- messages ----
 *
 * Rules of the four message calls. They work on an established context of Kerberos, NTLM, or
 * Negotiate (with the chosen mechanism), and on Digest as a mechanism of SASL. HTTP Digest has only
 * MakeSignature and VerifySignature, with other buffers: see those calls.
 *
 * pMessage: at most 32 buffers in any order, which the call finds by their types. SECBUFFER_EMPTY
 * is skipped. SEC_E_INVALID_TOKEN: the rules below and the call name no buffer of that type. Or a
 * buffer has a length and no memory. Or there are two buffers of a type that is allowed once.
 *   - SECBUFFER_DATA, one or more, at most 16 MiB (2^24 octets) together: the message. Client and
 *     server must use the same order. Flags in BufferType, as in Windows' header:
 *     SECBUFFER_READONLY_WITH_CHECKSUM: the checksum covers the buffer, but the calls neither
 *     encrypt it nor write to it. The page of MakeSignature says that it does not process such
 *     buffers, but Windows and this library do.
 *     SECBUFFER_READONLY: the buffer is ignored, and does not count as SECBUFFER_DATA.
 *   - SECBUFFER_TOKEN, one: the octets that the package adds before the message. It needs
 *     cbMaxSignature (MakeSignature) or cbSecurityTrailer (EncryptMessage) octets, from
 *     SECPKG_ATTR_SIZES.
 *   - SECBUFFER_PADDING, one: the octets that the package adds after the message. It needs
 *     cbBlockSize octets. Only Kerberos with RC4 needs the buffer, so the other packages work
 *     without it. NTLM leaves it empty. Digest needs cbMaxSignature + cbBlockSize octets, because
 *     its EncryptMessage adds all octets after the message.
 *
 * With Digest SECBUFFER_TOKEN stays empty, so EncryptMessage and DecryptMessage work without it.
 * Digest refuses SECBUFFER_READONLY_WITH_CHECKSUM.
 *
 * On return, cbBuffer of TOKEN and PADDING is the number of octets in them. The caller sends TOKEN,
 * then DATA, then PADDING. With Kerberos this is the token of gss_wrap(), with NTLM that of
 * GSS_WrapEx. With Digest it is that of RFC 2831 2.3 and 2.4, without the length before it.
 *
 * In contexts of SaslAcceptSecurityContext, the calls use the layer that client and server agreed
 * on. A call that the layer does not allow is SEC_E_QOP_NOT_SUPPORTED. So is a message that is only
 * signed, if the layer encrypts. A message over SASL_OPTION_SEND_SIZE, or a sealed message over
 * SASL_OPTION_RECV_SIZE, is SEC_E_INVALID_TOKEN.
 *
 * MessageSeqNo: ignored. The contexts are connection-oriented, so the packages count the messages.
 *
 * The order of messages: with Kerberos the client decides which order is checked, and
 * *pfContextAttr of AcceptSecurityContext says it. With ASC_RET_REPLAY_DETECT a repeated message is
 * refused. With ASC_RET_SEQUENCE_DETECT an early or late one is refused too. With neither, a
 * message may come twice. NTLM and Digest accept only the next message.
 *
 * SEC_E_CONTEXT_EXPIRED: the ticket has ended, by more than the allowed clock skew. The call had no
 * effect. Only Kerberos returns it: contexts of NTLM do not end.
 *
 * Threads: one thread may encrypt or sign while another one decrypts or verifies in the same
 * context, as on Windows. This library runs such calls one after the other. Two threads that
 * encrypt also run one after the other, in the order in which they call. The calls wait for nothing
 * else. */

/* Signs a message.
 *
 * phContext         in. The context.
 * fQOP              in. 0.
 * pMessage          in/out. SECBUFFER_TOKEN receives the signature over all SECBUFFER_DATA. A peer
 *                   with GSSAPI checks it with gss_verify_mic(). SECBUFFER_PADDING stays
 *                   empty.
 * MessageSeqNo      in. Ignored.
 *
 * Returns
 * SEC_E_OK                    The message is signed.
 * SEC_E_INVALID_HANDLE        The context does not exist, or is not established.
 * SEC_E_INVALID_TOKEN         No SECBUFFER_TOKEN or no SECBUFFER_DATA, or a buffer that breaks the
 *                             rules above.
 * SEC_E_BUFFER_TOO_SMALL      The token's cbBuffer says the needed size. The context has not
 *                             changed: call again.
 * SEC_E_QOP_NOT_SUPPORTED     The context has no ASC_RET_INTEGRITY, or fQOP is not 0.
 * SEC_E_UNSUPPORTED_FUNCTION  The package does not sign messages.
 * SEC_E_CONTEXT_EXPIRED       See above.
 * SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR   An error of the server.
 *
 * WDigest in HTTP signs the answer to the request that was verified last (RFC 7616 3.5). Use it
 * if the hash of the answer's body was not known yet when AcceptSecurityContext returned its own
 * Authentication-Info. fQOP and MessageSeqNo must be 0. pMessage has SECBUFFER_PKG_PARAMS in the
 * order of AcceptSecurityContext's pInput:
 *   - method;
 *   - uri: empty, or the uri of that request;
 *   - H(entity-body) of the answer in hex, needed only for auth-int. Empty: it is not known.
 * SECBUFFER_PADDING receives the value of Authentication-Info, at most cbMaxSignature octets. A
 * SECBUFFER_TOKEN is not read. A SECBUFFER_SSPI_ERROR_INFO is filled. Further statuses:
 * SEC_E_NO_AUTHENTICATING_AUTHORITY   The nonce is too old: the client must log in again.
 * SEC_E_INVALID_PARAMETER             MessageSeqNo is not 0.
 * SEC_E_UNSUPPORTED_FUNCTION          The credential has SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS.
 * The page's STATUS_INVALID_PARAMETER, for a count that is no number, concerns only the client's
 * side.
 * Blocks: no. Threads: see above. Source: nf-sspi-makesignature. */
SSPI_API SECURITY_STATUS SEC_ENTRY MakeSignature(PCtxtHandle phContext, ULONG fQOP,
                                                 PSecBufferDesc pMessage, ULONG MessageSeqNo);

/* Checks the signature of a message.
 *
 * phContext         in. The context.
 * pMessage          in. SECBUFFER_TOKEN is the signature (gss_get_mic()) over all SECBUFFER_DATA.
 *                   Its cbBuffer is the length of the signature.
 * MessageSeqNo      in. Ignored.
 * pfQOP             out, may be NULL. Set to 0 on SEC_E_OK, otherwise unchanged.
 *
 * Returns
 * SEC_E_OK                 The signature is valid.
 * SEC_E_OUT_OF_SEQUENCE    The signature is not that of the next message: repeated, early or late.
 * SEC_E_MESSAGE_ALTERED    The client did not make this message or this signature.
 * SEC_E_QOP_NOT_SUPPORTED  The context has no ASC_RET_INTEGRITY.
 * SEC_E_INVALID_HANDLE, SEC_E_INVALID_TOKEN, SEC_E_UNSUPPORTED_FUNCTION, SEC_E_CONTEXT_EXPIRED,
 * SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR   As MakeSignature.
 * After OUT_OF_SEQUENCE and MESSAGE_ALTERED the context still expects the same message. With
 * Kerberos an early message then counts as received.
 *
 * WDigest in HTTP verifies one more request of the client. The request must have the nonce of the
 * login and the next nonce count, which the call uses up. MessageSeqNo must be 0. pMessage has
 *   - SECBUFFER_TOKEN: the part of the header after the word "Digest";
 *   - SECBUFFER_PKG_PARAMS in the order of AcceptSecurityContext's pInput: method, uri,
 *     H(entity-body);
 *   - SECBUFFER_CHANNEL_BINDINGS, if the client's binding is to be compared. Without it the client
 *     must name the same channel as in its login;
 *   - SECBUFFER_SSPI_ERROR_INFO, which is filled.
 * The statuses:
 * SEC_E_OK                           The request is verified.
 * SEC_E_OUT_OF_SEQUENCE              The count is not the next one, or the nonce is too old.
 * SEC_E_MESSAGE_ALTERED              The client of this context did not compute this response.
 * SEC_E_INVALID_TOKEN                The header is malformed, or the uri is that of another
 *                                    request.
 * SEC_E_INCOMPLETE_MESSAGE           qop auth-int without H(entity-body): call again with it.
 * SEC_E_NO_AUTHENTICATING_AUTHORITY  The response is for another realm.
 * SEC_E_LOGON_DENIED                 The algorithm is no longer offered.
 * SEC_E_INVALID_PARAMETER            MessageSeqNo is not 0.
 * SEC_E_UNSUPPORTED_FUNCTION         The credential has SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS.
 * SEC_E_QOP_NOT_SUPPORTED, SEC_E_BAD_BINDINGS   As AcceptSecurityContext.
 * The context stays established after each of these statuses.
 * Blocks: no. Threads: see above. Source: nf-sspi-verifysignature. */
SSPI_API SECURITY_STATUS SEC_ENTRY VerifySignature(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                                   ULONG MessageSeqNo, PULONG pfQOP);

/* Encrypts a message in place, or signs it in the form that DecryptMessage accepts.
 *
 * phContext         in. The context.
 * fQOP              in. 0, or SECQOP_WRAP_NO_ENCRYPT: the message is signed and not encrypted. Only
 *                   Schannel has SECQOP_WRAP_OOB_DATA. Digest: 0 stands for the protection that
 *                   the login agreed on, encryption or a signature (Digest page).
 *                   SECQOP_WRAP_NO_ENCRYPT is accepted only if that is a signature.
 * pMessage          in/out. SECBUFFER_TOKEN, SECBUFFER_DATA, SECBUFFER_PADDING.
 * MessageSeqNo      in. Ignored.
 *
 * Returns
 * SEC_E_OK                    The message is encrypted, or signed.
 * SEC_E_INVALID_HANDLE        The context does not exist, or is not established.
 * SEC_E_INVALID_TOKEN         No SECBUFFER_TOKEN or no SECBUFFER_DATA, or a buffer that breaks the
 *                             rules above.
 * SEC_E_BUFFER_TOO_SMALL      cbBuffer of token and padding say the needed sizes. Message and
 *                             context have not changed: call again.
 * SEC_E_QOP_NOT_SUPPORTED     fQOP 0 without ASC_RET_CONFIDENTIALITY, SECQOP_WRAP_NO_ENCRYPT
 *                             without ASC_RET_INTEGRITY, or another fQOP.
 * SEC_E_UNSUPPORTED_FUNCTION  The package does not seal messages: Digest in HTTP.
 * SEC_E_CONTEXT_EXPIRED       See above.
 * SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR   As MakeSignature. After these, a part of
 *                             SECBUFFER_DATA may be encrypted.
 * Blocks: no. Threads: see above. Source: EncryptMessage (Kerberos), (NTLM), (Negotiate). */
SSPI_API SECURITY_STATUS SEC_ENTRY EncryptMessage(PCtxtHandle phContext, ULONG fQOP,
                                                  PSecBufferDesc pMessage, ULONG MessageSeqNo);

/* Decrypts a message.
 *
 * phContext         in. The context.
 * pMessage          in/out. One of two forms. With Digest, the second form needs no
 *                   SECBUFFER_TOKEN.
 *                   - SECBUFFER_STREAM and one SECBUFFER_DATA: the stream is the whole message, as
 *                     gss_wrap() makes it. On SEC_E_OK the plaintext replaces a part of the stream,
 *                     and the data buffer points to it. The memory that the data buffer had before
 *                     is not used.
 *                   - SECBUFFER_TOKEN, SECBUFFER_DATA and, if the message has it,
 *                     SECBUFFER_PADDING: the plaintext replaces the message, and cbBuffer of the
 *                     data buffers is its length. With SECBUFFER_READONLY_WITH_CHECKSUM
 *                     and Kerberos the token must be as long as EncryptMessage made it.
 *                   On an error no buffer has changed.
 * MessageSeqNo      in. Ignored.
 * pfQOP             out, may be NULL. On SEC_E_OK 0: the message was encrypted; or
 *                   SECQOP_WRAP_NO_ENCRYPT: it was only signed. Check it if the message must be
 *                   secret. Unchanged on an error.
 *
 * Returns
 * SEC_E_OK                  The message is valid, and the caller has its plaintext.
 * SEC_E_OUT_OF_SEQUENCE     As VerifySignature.
 * SEC_E_MESSAGE_ALTERED     As VerifySignature. Also: the message is truncated, because a message
 *                           does not contain its length.
 * SEC_E_INCOMPLETE_MESSAGE  The message is shorter than any message can be: read more.
 * SEC_E_INVALID_TOKEN       The buffers have neither form, or a buffer breaks the rules above.
 * SEC_E_QOP_NOT_SUPPORTED   The context has neither ASC_RET_CONFIDENTIALITY nor ASC_RET_INTEGRITY.
 * SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION, SEC_E_CONTEXT_EXPIRED,
 * SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR   As EncryptMessage.
 * Blocks: no. Threads: see above. Source: DecryptMessage (Kerberos), (NTLM), (Negotiate), and
 * "SSPI/Kerberos Interoperability with GSSAPI". */
SSPI_API SECURITY_STATUS SEC_ENTRY DecryptMessage(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                                  ULONG MessageSeqNo, PULONG pfQOP);

/* Describes one package.
 *
 * pszPackageName    in. As AcquireCredentialsHandle's pszPackage.
 * ppPackageInfo     out. One allocated block; free it with FreeContextBuffer. NULL on an error.
 *
 * Returns SEC_E_OK; SEC_E_SECPKG_NOT_FOUND; SEC_E_INVALID_PARAMETER (ppPackageInfo NULL, a W string
 * that is not UTF-16); SEC_E_INSUFFICIENT_MEMORY.
 * Blocks: no. Threads: any. Source: nf-sspi-querysecuritypackageinfoa. */
SSPI_API SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoA(const SEC_CHAR *pszPackageName,
                                                             PSecPkgInfoA *ppPackageInfo);
SSPI_API SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoW(const SEC_WCHAR *pszPackageName,
                                                             PSecPkgInfoW *ppPackageInfo);

/* Describes all packages.
 *
 * pcPackages        out. The number of packages; 0 on an error.
 * ppPackageInfo     out. An array with one element for each package, in one allocated block. Free
 *                   it with FreeContextBuffer. NULL on an error.
 *
 * Returns SEC_E_OK; SEC_E_INVALID_PARAMETER (a pointer is NULL); SEC_E_INSUFFICIENT_MEMORY.
 * Blocks: no. Threads: any. Source: nf-sspi-enumeratesecuritypackagesa. */
SSPI_API SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesA(PULONG pcPackages,
                                                              PSecPkgInfoA *ppPackageInfo);
SSPI_API SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesW(PULONG pcPackages,
                                                              PSecPkgInfoW *ppPackageInfo);

/* ---- SASL ----
 *
 * The packages as mechanisms of SASL (RFC 4422). A profile is a mechanism's name and the package
 * behind it:
 *   GSSAPI       Kerberos   RFC 4752: the ticket, then an agreement on one of the layers none,
 *                           integrity, confidentiality
 *   GSS-SPNEGO   Negotiate  the client asks its mechanism for the layer
 *   NTLM         NTLM       likewise
 *   DIGEST-MD5   WDigest    RFC 2831: the client chooses one of the layers in its response. The
 *                           realm is DefaultRealm of SSPI_ACCEPTOR_DATA, and the users' hashes are
 *                           MD5 (see sspi-passwd). Ciphers are 3des and rc4; the weaker ones need
 *                           SSPI_ACCEPTOR_OFFER_WEAK_CIPHERS. The service that the client names,
 *                           "imap/host", is SECPKG_ATTR_CLIENT_SPECIFIED_TARGET.
 *
 * Acquire a credential of the profile's package. Then pass each message of the client to
 * SaslAcceptSecurityContext, without base64. After the login the message calls above protect the
 * messages. Before each message the caller writes its length: four octets, the highest first (RFC
 * 4422 3.7). */

/* Performs one step of a client's SASL exchange: AcceptSecurityContext with SASL's additions.
 *
 * phCredential, phContext, phNewContext, TargetDataRep, ptsExpiry   as AcceptSecurityContext.
 *                   Each of the two calls refuses a context that the other one made.
 * pInput            in, may be NULL. The client's message, in one SECBUFFER_TOKEN. It is empty or
 *                   absent if the client sent nothing: in a protocol that carries the first message
 *                   only after an empty challenge, or as the answer to the last token.
 *                   SECBUFFER_CHANNEL_BINDINGS as in AcceptSecurityContext.
 *                   SECBUFFER_PKG_PARAMS only with ASC_REQ_HTTP.
 * fContextReq       in. ASC_REQ_* as in AcceptSecurityContext. With GSSAPI and DIGEST-MD5 they also
 *                   say which layers the client may choose, besides no layer:
 *                   ASC_REQ_CONFIDENTIALITY   encryption and integrity, if the context has it.
 *                   ASC_REQ_INTEGRITY, ASC_REQ_REPLAY_DETECT, ASC_REQ_SEQUENCE_DETECT   integrity.
 *                   ASC_REQ_HTTP              Digest for HTTP instead, as in AcceptSecurityContext.
 *                                             Not with channel bindings (see "The bit
 *                                             0x10000000").
 *                   A caller that requires a layer must check *pfContextAttr at the end. With
 *                   ASC_REQ_INTEGRITY, NTLM's clients must send a MIC. The other two flags for
 *                   integrity offer the same layer without that demand.
 * pOutput           in/out. A SECBUFFER_TOKEN for the challenge, as in AcceptSecurityContext. A
 *                   challenge is sent even if it is empty. On SEC_E_OK a token is sent with the
 *                   success. A protocol that cannot do that (RFC 4422 3.6) sends it as one more
 *                   challenge, whose answer is empty. SECBUFFER_SSPI_ERROR_INFO as in
 *                   AcceptSecurityContext.
 * pfContextAttr     out, may be NULL. On SEC_E_OK ASC_RET_CONFIDENTIALITY and ASC_RET_INTEGRITY say
 *                   which layer was agreed on. With neither, messages are sent without
 *                   protection, and the message calls are refused.
 *
 * GSSAPI continues after the login of Kerberos. The call returns Kerberos' last token with
 * SEC_I_CONTINUE_NEEDED, and the client answers with an empty message. The next call returns the
 * server's cookie, with the layers and SASL_OPTION_RECV_SIZE. The client answers with its own
 * cookie, which has its layer, its size and its authorization identity.
 *
 * The authorization identity is the name that the client wants to act as. After the exchange the
 * caller reads it as SASL_OPTION_AUTHZ_STRING, and decides whether to allow it. The verified name
 * of the client is SECPKG_ATTR_NAMES.
 *
 * Returns as AcceptSecurityContext, and
 * SEC_E_ALGORITHM_MISMATCH   The client sent an authorization identity, and
 *                            SASL_OPTION_AUTHZ_PROCESSING is Sasl_AuthZIDForbidden.
 * SEC_E_INVALID_TOKEN        Also: pOutput has no SECBUFFER_TOKEN. A cookie does not decrypt, or
 *                            breaks RFC 4752 3.2. The client sent a message where it must send
 *                            nothing, or sent nothing twice. SECBUFFER_PKG_PARAMS without
 *                            ASC_REQ_HTTP.
 * SEC_E_QOP_NOT_SUPPORTED    The client chose a layer that the server did not offer.
 * SEC_E_INVALID_HANDLE       Also: AcceptSecurityContext made the context.
 * Blocks: as AcceptSecurityContext. Threads: likewise. Source: SaslAcceptSecurityContext; the
 * layers as RFC 4752 3.2 and Active Directory's DIGEST-MD5 offer them. */
SSPI_API SECURITY_STATUS SEC_ENTRY
SaslAcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext, PSecBufferDesc pInput,
                          ULONG fContextReq, ULONG TargetDataRep, PCtxtHandle phNewContext,
                          PSecBufferDesc pOutput, PULONG pfContextAttr, PTimeStamp ptsExpiry);

/* Lists the profiles.
 *
 * ProfileList       out. Their names in one allocated block: a NUL follows each name, and one more
 *                   NUL follows the last one. Free it with FreeContextBuffer. NULL on an error.
 * ProfileCount      out. The number of profiles; 0 on an error.
 *
 * Returns SEC_E_OK; SEC_E_INVALID_PARAMETER (a pointer is NULL); SEC_E_INSUFFICIENT_MEMORY.
 * Blocks: no. Threads: any. Source: nf-sspi-saslenumerateprofilesa. */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesA(SEC_CHAR **ProfileList,
                                                          ULONG *ProfileCount);
SSPI_API SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesW(SEC_WCHAR **ProfileList,
                                                          ULONG *ProfileCount);

/* Describes the package of a profile: its Name is AcquireCredentialsHandle's pszPackage.
 *
 * ProfileName       in. A mechanism's name, without case.
 * PackageInfo       out. One allocated block; free it with FreeContextBuffer. NULL on an error.
 *
 * Returns SEC_E_OK; SEC_E_SECPKG_NOT_FOUND; SEC_E_INVALID_PARAMETER (PackageInfo NULL, a W string
 * that is not UTF-16); SEC_E_INSUFFICIENT_MEMORY.
 * Blocks: no. Threads: any. Source: nf-sspi-saslgetprofilepackagea. */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageA(const SEC_CHAR *ProfileName,
                                                          PSecPkgInfoA *PackageInfo);
SSPI_API SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageW(const SEC_WCHAR *ProfileName,
                                                          PSecPkgInfoW *PackageInfo);

/* Describes the package of the mechanism that a client chose.
 *
 * pInput            in. The client's message, in one SECBUFFER_TOKEN. It begins with the
 *                   mechanism's name, without case. The name ends at the first octet that a name
 *                   cannot hold (RFC 4422 3.1). The rest is ignored.
 * PackageInfo       out. As SaslGetProfilePackage.
 *
 * Returns SEC_E_OK; SEC_E_SECPKG_NOT_FOUND (the message begins with no known mechanism);
 * SEC_E_INVALID_TOKEN (a descriptor that breaks the rules of AcceptSecurityContext, or not one
 * SECBUFFER_TOKEN); SEC_E_INVALID_PARAMETER (PackageInfo NULL); SEC_E_INSUFFICIENT_MEMORY.
 * Blocks: no. Threads: any. Source: nf-sspi-saslidentifypackagea. */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageA(PSecBufferDesc pInput,
                                                        PSecPkgInfoA *PackageInfo);
SSPI_API SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageW(PSecBufferDesc pInput,
                                                        PSecPkgInfoW *PackageInfo);

/* Sets an option of a SASL context, at any time after the first SaslAcceptSecurityContext.
 *
 * ContextHandle     in. The context.
 * Option            in. SASL_OPTION_
 *   RECV_SIZE         a ULONG, 65535 unless set: the most octets of a sealed message from the
 *                     client. DecryptMessage and VerifySignature refuse a longer one with
 *                     SEC_E_INVALID_TOKEN. The server sends the number to the client: with GSSAPI
 *                     in the server's cookie, with DIGEST-MD5 in the first challenge. After that it
 *                     cannot be set. With GSSAPI, make a first call of SaslAcceptSecurityContext
 *                     without a token, and set the option after it.
 *   SEND_SIZE         a ULONG, 65535 unless set: the most octets of a message to the client, before
 *                     it is sealed. EncryptMessage and MakeSignature refuse a longer one with
 *                     SEC_E_INVALID_TOKEN. A second limit is the size that the client sent, less
 *                     the octets that the package adds.
 *   AUTHZ_PROCESSING  a ULONG: Sasl_AuthZIDProcessed, unless set, or Sasl_AuthZIDForbidden.
 * Value, Size       in. The value, and its octets. The value is only read during the call.
 *
 * Returns
 * SEC_E_OK                    The option is set.
 * SEC_E_BUFFER_TOO_SMALL      Size is less than a ULONG's, or Value is NULL.
 * SEC_E_INVALID_HANDLE        The context does not exist, SaslAcceptSecurityContext did not make
 *                             it, or another thread uses it.
 * SEC_E_UNSUPPORTED_FUNCTION  Another option, or SASL_OPTION_AUTHZ_STRING, which only the client
 *                             sets. RECV_SIZE after it was sent to the client. AUTHZ_PROCESSING
 *                             after the exchange has ended.
 * SEC_E_INVALID_PARAMETER     RECV_SIZE over 16777215, or another state of processing.
 * Blocks: no. Threads: any. Source: nf-sspi-saslsetcontextoption. */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslSetContextOption(PCtxtHandle ContextHandle, ULONG Option,
                                                        void *Value, ULONG Size);

/* Returns an option of a SASL context.
 *
 * ContextHandle     in. The context.
 * Option            in. As SaslSetContextOption, and
 *   AUTHZ_STRING      after the exchange: the client's authorization identity, UTF-8 without
 *                     control characters or a NUL; empty if the client sent none.
 *   SEND_SIZE         is the smaller of its two limits.
 * Value             out. Receives the value. May be NULL when Size is 0.
 * Size              in. The octets of memory at Value.
 * Needed            out, may be NULL. Octets of the value, on SEC_E_OK and SEC_E_BUFFER_TOO_SMALL.
 *
 * Returns
 * SEC_E_OK                    The value is in Value.
 * SEC_E_BUFFER_TOO_SMALL      The value has more than Size octets. *Needed says how many.
 * SEC_E_INVALID_HANDLE        As SaslSetContextOption. Also: AUTHZ_STRING before the exchange has
 *                             ended.
 * SEC_E_UNSUPPORTED_FUNCTION  Another option, or AUTHZ_STRING under Sasl_AuthZIDForbidden.
 * Blocks: no. Threads: any. Source: nf-sspi-saslgetcontextoption. */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslGetContextOption(PCtxtHandle ContextHandle, ULONG Option,
                                                        void *Value, ULONG Size, PULONG Needed);

/* ---- plain names ---- */

#ifdef UNICODE
#define AcquireCredentialsHandle       AcquireCredentialsHandleW
#define QueryContextAttributes         QueryContextAttributesW
#define QuerySecurityPackageInfo       QuerySecurityPackageInfoW
#define EnumerateSecurityPackages      EnumerateSecurityPackagesW
#define SaslEnumerateProfiles          SaslEnumerateProfilesW
#define SaslGetProfilePackage          SaslGetProfilePackageW
#define SaslIdentifyPackage            SaslIdentifyPackageW
#define SecPkgInfo                     SecPkgInfoW
#define PSecPkgInfo                    PSecPkgInfoW
#define SecPkgContext_Names            SecPkgContext_NamesW
#define PSecPkgContext_Names           PSecPkgContext_NamesW
#define SecPkgContext_KeyInfo          SecPkgContext_KeyInfoW
#define PSecPkgContext_KeyInfo         PSecPkgContext_KeyInfoW
#define SecPkgContext_Authority        SecPkgContext_AuthorityW
#define PSecPkgContext_Authority       PSecPkgContext_AuthorityW
#define SecPkgContext_ProtoInfo        SecPkgContext_ProtoInfoW
#define PSecPkgContext_ProtoInfo       PSecPkgContext_ProtoInfoW
#define SecPkgContext_PackageInfo      SecPkgContext_PackageInfoW
#define PSecPkgContext_PackageInfo     PSecPkgContext_PackageInfoW
#define SecPkgContext_NegotiationInfo  SecPkgContext_NegotiationInfoW
#define PSecPkgContext_NegotiationInfo PSecPkgContext_NegotiationInfoW
#define SecPkgContext_NativeNames      SecPkgContext_NativeNamesW
#define PSecPkgContext_NativeNames     PSecPkgContext_NativeNamesW
#define SecPkgContext_CredentialName   SecPkgContext_CredentialNameW
#define PSecPkgContext_CredentialName  PSecPkgContext_CredentialNameW
#define NEGOSSP_NAME                   NEGOSSP_NAME_W
#define MICROSOFT_KERBEROS_NAME        MICROSOFT_KERBEROS_NAME_W
#define WDIGEST_SP_NAME                WDIGEST_SP_NAME_W
#define NTLMSP_NAME                    NTLMSP_NAME_W
#else
#define AcquireCredentialsHandle       AcquireCredentialsHandleA
#define QueryContextAttributes         QueryContextAttributesA
#define QuerySecurityPackageInfo       QuerySecurityPackageInfoA
#define EnumerateSecurityPackages      EnumerateSecurityPackagesA
#define SaslEnumerateProfiles          SaslEnumerateProfilesA
#define SaslGetProfilePackage          SaslGetProfilePackageA
#define SaslIdentifyPackage            SaslIdentifyPackageA
#define SecPkgInfo                     SecPkgInfoA
#define PSecPkgInfo                    PSecPkgInfoA
#define SecPkgContext_Names            SecPkgContext_NamesA
#define PSecPkgContext_Names           PSecPkgContext_NamesA
#define SecPkgContext_KeyInfo          SecPkgContext_KeyInfoA
#define PSecPkgContext_KeyInfo         PSecPkgContext_KeyInfoA
#define SecPkgContext_Authority        SecPkgContext_AuthorityA
#define PSecPkgContext_Authority       PSecPkgContext_AuthorityA
#define SecPkgContext_ProtoInfo        SecPkgContext_ProtoInfoA
#define PSecPkgContext_ProtoInfo       PSecPkgContext_ProtoInfoA
#define SecPkgContext_PackageInfo      SecPkgContext_PackageInfoA
#define PSecPkgContext_PackageInfo     PSecPkgContext_PackageInfoA
#define SecPkgContext_NegotiationInfo  SecPkgContext_NegotiationInfoA
#define PSecPkgContext_NegotiationInfo PSecPkgContext_NegotiationInfoA
#define SecPkgContext_NativeNames      SecPkgContext_NativeNamesA
#define PSecPkgContext_NativeNames     PSecPkgContext_NativeNamesA
#define SecPkgContext_CredentialName   SecPkgContext_CredentialNameA
#define PSecPkgContext_CredentialName  PSecPkgContext_CredentialNameA
#define NEGOSSP_NAME                   NEGOSSP_NAME_A
#define MICROSOFT_KERBEROS_NAME        MICROSOFT_KERBEROS_NAME_A
#define WDIGEST_SP_NAME                WDIGEST_SP_NAME_A
#define NTLMSP_NAME                    NTLMSP_NAME_A
#endif

#ifdef __cplusplus
}
#endif

#include "sspi_acceptor.h"

#endif
