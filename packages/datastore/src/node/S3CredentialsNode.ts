/** Keys for S3 from where the tools of AWS look for them: variables, the token of the pod, files in the home directory. */
import { Effect, Option } from "effect"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { chain, fromSharedFiles, fromVariables, fromWebIdentity, type ReadText, type S3Credentials, S3CredentialsMissing, type Variables } from "../S3Credentials.ts"

/** What is looked at. */
export interface S3CredentialsNodeOptions {
  readonly variables: Variables
  readonly homeDirectory: string
  readonly region: string
  readonly fetch: (request: Request) => Promise<Response>
}

const read: ReadText = (path) =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8").then(Option.some, (error: NodeJS.ErrnoException) => error.code === "ENOENT" ? Option.none<string>() : Promise.reject(error)),
    catch: (error) => new S3CredentialsMissing({ description: `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, retryable: false })
  })

/** The usual chain; the file of a token is read again for every renewal, for the cluster replaces it. */
export const standard = ({ fetch, homeDirectory, region, variables }: S3CredentialsNodeOptions): Effect.Effect<S3Credentials, S3CredentialsMissing> => {
  const { AWS_CONFIG_FILE, AWS_ENDPOINT_URL_STS, AWS_PROFILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME, AWS_SHARED_CREDENTIALS_FILE, AWS_WEB_IDENTITY_TOKEN_FILE } = variables
  const webIdentity = AWS_ROLE_ARN && AWS_WEB_IDENTITY_TOKEN_FILE
    ? [fromWebIdentity(read, {
      roleArn: AWS_ROLE_ARN,
      tokenFile: AWS_WEB_IDENTITY_TOKEN_FILE,
      sessionName: AWS_ROLE_SESSION_NAME || undefined,
      endpoint: AWS_ENDPOINT_URL_STS || `https://sts.${region}.amazonaws.com/`,
      fetch
    })]
    : []
  const paths = [AWS_SHARED_CREDENTIALS_FILE || join(homeDirectory, ".aws/credentials"), AWS_CONFIG_FILE || join(homeDirectory, ".aws/config")]
  return chain(
    [fromVariables(variables), ...webIdentity, fromSharedFiles(read, { paths, profile: AWS_PROFILE || "default" })],
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give the pod a role (AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE), or write ~/.aws/credentials"
  )
}
