/** The parts of the package that need Node: the store on the local disk and the files that copilot works on. */
export * as DatastoreFile from "./node/DatastoreFile.ts"
export * as LocalFilesDisk from "./node/LocalFilesDisk.ts"
export { makeFolder } from "./node/MakeFolder.ts"
export * as S3CredentialsNode from "./node/S3CredentialsNode.ts"
