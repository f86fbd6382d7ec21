/** A resource that an event names. */
export interface EventResource {
  type: string;
  /** As LookupEvents shows it: a name or an ARN, whatever the request had. */
  name: string;
  /** Undefined where the request does not tell. */
  arn: string | undefined;
}

/** Where an event happened: what an ARN is made of. */
export interface Place {
  partition: string;
  region: string;
  account: string;
}

type Arn = (name: string, place: Place, input: { readonly [member: string]: unknown }) => string;

const regional = (service: string, prefix: string): Arn => (name, { partition, region, account }) => `arn:${partition}:${service}:${region}:${account}:${prefix}${name}`;
const global = (service: string, prefix: string): Arn => (name, { partition, account }) => `arn:${partition}:${service}::${account}:${prefix}${name}`;

/** Input members that name a resource, by service. */
const MEMBERS: { readonly [service: string]: { readonly [member: string]: readonly [type: string, arn: Arn] } } = {
  dynamodb: { TableName: ["AWS::DynamoDB::Table", regional("dynamodb", "table/")] },
  s3: { Bucket: ["AWS::S3::Bucket", (name, { partition }) => `arn:${partition}:s3:::${name}`] },
  lambda: { FunctionName: ["AWS::Lambda::Function", regional("lambda", "function:")], LayerName: ["AWS::Lambda::LayerVersion", regional("lambda", "layer:")] },
  iam: {
    RoleName: ["AWS::IAM::Role", global("iam", "role/")], UserName: ["AWS::IAM::User", global("iam", "user/")], GroupName: ["AWS::IAM::Group", global("iam", "group/")],
    PolicyArn: ["AWS::IAM::Policy", (name) => name], PolicyName: ["AWS::IAM::Policy", global("iam", "policy/")], AccessKeyId: ["AWS::IAM::AccessKey", global("iam", "access-key/")],
    InstanceProfileName: ["AWS::IAM::InstanceProfile", global("iam", "instance-profile/")],
  },
  sts: { RoleArn: ["AWS::IAM::Role", (name) => name] },
  logs: { logGroupName: ["AWS::Logs::LogGroup", regional("logs", "log-group:")] },
  cloudwatch: { AlarmName: ["AWS::CloudWatch::Alarm", regional("cloudwatch", "alarm:")], DashboardName: ["AWS::CloudWatch::Dashboard", global("cloudwatch", "dashboard/")] },
  cloudtrail: { Name: ["AWS::CloudTrail::Trail", regional("cloudtrail", "trail/")], TrailName: ["AWS::CloudTrail::Trail", regional("cloudtrail", "trail/")] },
  sns: { TopicArn: ["AWS::SNS::Topic", (name) => name], Name: ["AWS::SNS::Topic", regional("sns", "")] },
  sqs: { QueueUrl: ["AWS::SQS::Queue", (url, place) => regional("sqs", "")(url.slice(url.lastIndexOf("/") + 1), place, {})], QueueName: ["AWS::SQS::Queue", regional("sqs", "")] },
  kms: { KeyId: ["AWS::KMS::Key", (name, place) => (name.startsWith("arn:") ? name : regional("kms", "key/")(name, place, {}))] },
  secretsmanager: { SecretId: ["AWS::SecretsManager::Secret", regional("secretsmanager", "secret:")], Name: ["AWS::SecretsManager::Secret", regional("secretsmanager", "secret:")] },
  ssm: { Name: ["AWS::SSM::Parameter", regional("ssm", "parameter/")] },
  events: { EventBusName: ["AWS::Events::EventBus", regional("events", "event-bus/")] },
  cloudformation: { StackName: ["AWS::CloudFormation::Stack", regional("cloudformation", "stack/")] },
  cloudfront: { Id: ["AWS::CloudFront::Distribution", global("cloudfront", "distribution/")], DistributionId: ["AWS::CloudFront::Distribution", global("cloudfront", "distribution/")] },
  apigateway: { restApiId: ["AWS::ApiGateway::RestApi", (id, { partition, region }) => `arn:${partition}:apigateway:${region}::/restapis/${id}`] },
  apigatewayv2: { ApiId: ["AWS::ApiGatewayV2::Api", (id, { partition, region }) => `arn:${partition}:apigateway:${region}::/apis/${id}`] },
};

/** The resources that a request names. */
export function resourcesOf(service: string, input: unknown, place: Place): EventResource[] {
  if (typeof input !== "object" || input === null) return [];
  const members = input as { readonly [member: string]: unknown };
  const found: EventResource[] = [];
  for (const [member, [type, arnOf]] of Object.entries(MEMBERS[service] ?? {})) {
    const value = members[member];
    if (typeof value === "string" && value !== "") found.push({ type, name: value, arn: value.startsWith("arn:") ? value : arnOf(value, place, members) });
  }
  if (service === "s3" && typeof members.Key === "string" && found.length > 0) {
    found.unshift({ type: "AWS::S3::Object", name: `${found[0]!.arn}/${members.Key}`, arn: `${found[0]!.arn}/${members.Key}` });
  }
  return found;
}
