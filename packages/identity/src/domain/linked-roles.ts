/** A service that has a service-linked role. */
export interface LinkedService {
  /** Behind `AWSServiceRoleFor`. */
  role: string;
  /** Under `aws-service-role/`; undefined where it is not known here. */
  policy: string | undefined;
  description?: string;
  /** Whether an account may have several, told apart by a suffix. */
  suffix: boolean;
}

/** Service, role and policy: `service Role Policy`, a star before a service that takes suffixes. Seen on AWS. */
const TABLE = `
acm CertificateManager CertificateManagerServiceRolePolicy
appmesh AppMesh AWSAppMeshServiceRolePolicy
*autoscaling AutoScaling AutoScalingServiceRolePolicy
batch Batch BatchServiceRolePolicy
cks.kms KeyManagementServiceCustomKeyStores AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy
config Config AWSConfigServiceRolePolicy
*connect AmazonConnect AmazonConnectServiceLinkedRolePolicy
dms-fleet-advisor DMSFleetAdvisor AWSDMSFleetAdvisorServiceRolePolicy
dms DMSServerless AWSDMSServerlessServiceRolePolicy
ec2.application-autoscaling ApplicationAutoScaling_EC2SpotFleetRequest AWSApplicationAutoscalingEC2SpotFleetRequestPolicy
dynamodb.application-autoscaling ApplicationAutoScaling_DynamoDBTable AWSApplicationAutoscalingDynamoDBTablePolicy
lambda.application-autoscaling ApplicationAutoScaling_LambdaConcurrency AWSApplicationAutoscalingLambdaConcurrencyPolicy
replication.dynamodb DynamoDBReplication DynamoDBReplicationServiceRolePolicy
contributorinsights.dynamodb DynamoDBCloudWatchContributorInsights DynamoDBCloudWatchContributorInsightsServiceRolePolicy
kinesisreplication.dynamodb DynamoDBKinesisDataStreamsReplication DynamoDBKinesisReplicationServiceRolePolicy
replicator.lambda LambdaReplicator AWSLambdaReplicator
logger.cloudfront CloudFrontLogger AWSCloudFrontLogger
ops.apigateway APIGateway APIGatewayServiceRolePolicy
events CloudWatchEvents CloudWatchEventsServiceRolePolicy
cloudtrail CloudTrail CloudTrailServiceRolePolicy
organizations Organizations AWSOrganizationsServiceTrustPolicy
support Support AWSSupportServiceRolePolicy
trustedadvisor TrustedAdvisor AWSTrustedAdvisorServiceRolePolicy
ecs ECS AmazonECSServiceRolePolicy
eks-connector AmazonEKSConnector AmazonEKSConnectorServiceRolePolicy
eks-nodegroup AmazonEKSNodegroup AWSServiceRoleForAmazonEKSNodegroup
eks AmazonEKS AmazonEKSServiceRolePolicy
elasticache ElastiCache ElastiCacheServiceRolePolicy
elasticbeanstalk ElasticBeanstalk AWSElasticBeanstalkServiceRolePolicy
elasticfilesystem AmazonElasticFileSystem AmazonElasticFileSystemServiceRolePolicy
elasticloadbalancing ElasticLoadBalancing AWSElasticLoadBalancingServiceRolePolicy
emr-containers AmazonEMRContainers AmazonEMRContainersServiceRolePolicy
emrwal EMRWAL EMRDescribeClusterPolicyForEMRWAL
fis FIS AmazonFISServiceRolePolicy
grafana AmazonGrafana AmazonGrafanaServiceLinkedRolePolicy
iotmanagedintegrations IoTManagedIntegrations AWSIoTManagedIntegrationsRolePolicy
kafka Kafka KafkaServiceRolePolicy
lex LexBots AmazonLexBotPolicy
*lexv2 LexV2Bots AmazonLexV2BotPolicy
m2 AWSM2 AWSM2ServicePolicy
mq AmazonMQ AmazonMQServiceRolePolicy
mrk.kms KeyManagementServiceMultiRegionKeys AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy
observability.aoss AmazonOpenSearchServerless AmazonOpenSearchServerlessServiceRolePolicy
opensearchservice AmazonOpenSearchService AmazonOpenSearchServiceRolePolicy
opsdatasync.ssm SystemsManagerOpsDataSync AWSSystemsManagerOpsDataSyncServiceRolePolicy
ssm AmazonSSM AmazonSSMServiceRolePolicy
pullthroughcache.ecr ECRPullThroughCache AWSECRPullThroughCache_ServiceRolePolicy
rds RDS AmazonRDSServiceRolePolicy
redshift Redshift AmazonRedshiftServiceLinkedRolePolicy
repository.sync.codeconnections GitSync AWSGitSyncServiceRolePolicy
rolesanywhere RolesAnywhere AWSRolesAnywhereServicePolicy
ses AmazonSES AmazonSESServiceRolePolicy
shield AWSShield AWSShieldServiceRolePolicy
spot EC2Spot AWSEC2SpotServiceRolePolicy
sso SSO AWSSSOServiceRolePolicy
vpcorigin.cloudfront CloudFrontVPCOrigin AWSCloudFrontVPCOriginServiceRolePolicy
wafv2 WAFV2Logging WAFV2LoggingServiceRolePolicy
`;

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  "rds.amazonaws.com": "Allows Amazon RDS to manage AWS resources on your behalf",
  "sso.amazonaws.com": "Service-linked role used by AWS SSO to manage AWS resources, including IAM roles, policies and SAML IdP on your behalf.",
};

const SERVICES: ReadonlyMap<string, LinkedService> = new Map(TABLE.trim().split("\n").map((line): [string, LinkedService] => {
  const [name = "", role = "", policy] = line.split(" ");
  const service = `${name.replace("*", "")}.amazonaws.com`;
  return [service, { role, policy, suffix: name.startsWith("*"), ...(service in DESCRIPTIONS ? { description: DESCRIPTIONS[service]! } : {}) }];
}));

/** The linked role of a service principal; undefined when it has none that is known here. */
export function linkedService(principal: string): LinkedService | undefined {
  return SERVICES.get(principal);
}
