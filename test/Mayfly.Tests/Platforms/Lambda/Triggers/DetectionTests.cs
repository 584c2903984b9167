using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#2-detection, #5-sources-without-inferred-span</summary>
public class DetectionTests
{
    public static TheoryData<string, TriggerKind> Files => new()
    {
        { "appsync", TriggerKind.Unknown },
        { "cloudfront", TriggerKind.CloudFront },
        { "cloudwatch-logs", TriggerKind.CloudWatchLogs },
        { "dynamodb", TriggerKind.DynamoDb },
        { "eventbridge", TriggerKind.EventBridge },
        { "function-url", TriggerKind.FunctionUrl },
        { "http-api", TriggerKind.HttpApi },
        { "kafka", TriggerKind.Kafka },
        { "kafka-java", TriggerKind.Kafka },
        { "kinesis", TriggerKind.Kinesis },
        { "kong", TriggerKind.Kong },
        { "load-balancer", TriggerKind.LoadBalancer },
        { "load-balancer-multi-value", TriggerKind.LoadBalancer },
        { "request-authorizer", TriggerKind.RestApi },
        { "rest-api", TriggerKind.RestApi },
        { "rest-api-console-test", TriggerKind.RestApi },
        { "s3", TriggerKind.S3 },
        { "schedule", TriggerKind.Schedule },
        { "self-managed-kafka", TriggerKind.Kafka },
        { "sns", TriggerKind.Sns },
        { "sns-eventbridge", TriggerKind.Sns },
        { "sqs", TriggerKind.Sqs },
        { "sqs-binary-attribute", TriggerKind.Sqs },
        { "sqs-eventbridge", TriggerKind.Sqs },
        { "sqs-sns", TriggerKind.Sqs },
        { "sqs-sns-eventbridge", TriggerKind.Sqs },
        { "sqs-xray", TriggerKind.Sqs },
        { "step-functions", TriggerKind.StepFunctions },
        { "step-functions-datadog", TriggerKind.StepFunctions },
        { "step-functions-lambda-root", TriggerKind.StepFunctions },
        { "step-functions-nested", TriggerKind.StepFunctions },
        { "step-functions-payload", TriggerKind.StepFunctions },
        { "token-authorizer", TriggerKind.TokenAuthorizer },
        { "websocket-api", TriggerKind.WebSocketApi },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_sample_is_recognised(string name, TriggerKind kind) => Assert.Equal(kind, SourceEvents.ReadFile(name).Kind);

    [Fact]
    public void Each_sample_has_a_row() => Assert.Equal(SourceEvents.Names, Files.Select(static row => row.Data.Item1));

    [Theory]
    [InlineData("1: other version", """{"version":"1.0","rawQueryString":"","requestContext":{"domainName":"d"}}""", null)]
    [InlineData("1: version is a number", """{"version":2.0,"rawQueryString":"","requestContext":{"domainName":"d"}}""", null)]
    [InlineData("1: no raw query", """{"version":"2.0","requestContext":{"domainName":"d"}}""", null)]
    [InlineData("1: domain is null", """{"version":"2.0","rawQueryString":null,"requestContext":{"domainName":null}}""", TriggerKind.HttpApi)]
    [InlineData("2: members present but null", """{"resource":null,"httpMethod":null,"requestContext":{"stage":null}}""", TriggerKind.RestApi)]
    [InlineData("2: no stage", """{"resource":"/","requestContext":{"stage":"s"}}""", null)]
    [InlineData("3: direction is null", """{"requestContext":{"messageDirection":null,"stage":"s"}}""", TriggerKind.WebSocketApi)]
    [InlineData("4: null ARN", """{"requestContext":{"elb":{"targetGroupArn":null}}}""", TriggerKind.LoadBalancer)]
    [InlineData("4: elb alone", """{"requestContext":{"elb":{}}}""", null)]
    [InlineData("5: domain alone", """{"requestContext":{"domainName":"x.lambda-url.eu-west-1.on.aws"}}""", TriggerKind.FunctionUrl)]
    [InlineData("5: domain is no text", """{"requestContext":{"domainName":["lambda-url"]}}""", null)]
    [InlineData("6: Firehose's array", """{"records":[{"topic":"t"}]}""", null)]
    [InlineData("6: empty group", """{"records":{"a":[]}}""", null)]
    [InlineData("6: only the first group counts", """{"records":{"a":[],"b":[{"topic":"t"}]}}""", null)]
    [InlineData("6: topic is null", """{"records":{"a":{"7":{"topic":null}}}}""", TriggerKind.Kafka)]
    [InlineData("7: only the first record counts", """{"Records":[{"eventSource":"x"},{"eventSource":"aws:sqs"}]}""", null)]
    [InlineData("7: case matters", """{"Records":[{"eventSource":"AWS:SQS"}]}""", null)]
    [InlineData("7: names' case matters", """{"records":[{"eventSource":"aws:sqs"}]}""", null)]
    [InlineData("8", """{"Records":[{"Sns":null}]}""", TriggerKind.Sns)]
    [InlineData("9", """{"Records":[{"dynamodb":null}]}""", TriggerKind.DynamoDb)]
    [InlineData("10", """{"Records":[{"s3":null}]}""", TriggerKind.S3)]
    [InlineData("11: detail type is null", """{"detail-type":null,"source":"a"}""", TriggerKind.EventBridge)]
    [InlineData("11: source is no text", """{"detail-type":"x","source":1}""", null)]
    [InlineData("11: schedule", """{"detail-type":"x","source":"aws.events"}""", TriggerKind.Schedule)]
    [InlineData("11: EventBridge Scheduler", """{"detail-type":"Scheduled Event","source":"aws.scheduler","detail":"{}"}""", TriggerKind.EventBridge)]
    [InlineData("11: about S3", """{"detail-type":"Object Created","source":"aws.s3","detail":{}}""", TriggerKind.EventBridge)]
    [InlineData("12", """{"Records":[{"kinesis":null}]}""", TriggerKind.Kinesis)]
    [InlineData("13: id is null", """{"Execution":{"Id":null},"State":{"Name":null,"EnteredTime":null}}""", TriggerKind.StepFunctions)]
    [InlineData("13: no name", """{"Execution":{"Id":"a"},"State":{"EnteredTime":"x"}}""", null)]
    [InlineData("13: execution is no object", """{"Execution":["Id"],"State":{"Name":"a","EnteredTime":"x"}}""", null)]
    [InlineData("13: Payload hides", """{"Payload":null,"Execution":{"Id":"a"},"State":{"Name":"a","EnteredTime":"x"}}""", null)]
    [InlineData("13: _datadog hides", """{"_datadog":{},"Execution":{"Id":"a"},"State":{"Name":"a","EnteredTime":"x"}}""", null)]
    [InlineData("Kong: null is not set", """{"httpMethod":null,"resource":"/"}""", null)]
    [InlineData("authorizer: lower case", """{"type":"token","authorizationToken":"t","methodArn":"x"}""", TriggerKind.TokenAuthorizer)]
    [InlineData("duplicates: the last one wins", """{"Records":[{"Sns":{}}],"Records":[{"kinesis":{}}]}""", TriggerKind.Kinesis)]
    [InlineData("duplicates in a record", """{"Records":[{"eventSource":"aws:sqs","eventSource":"aws:s3","s3":{}}]}""", TriggerKind.S3)]
    [InlineData("escaped names and texts", """{"\u0052ecords":[{"event\u0053ource":"aws\u003asqs"}]}""", TriggerKind.Sqs)]
    [InlineData("white space", "\r\n\t {\n \"Records\" :\t[ { \"kinesis\" : 1 } , 2 ] } \n", TriggerKind.Kinesis)]
    public void Conditions_of_the_detection(string row, string json, TriggerKind? kind)
    {
        Assert.NotEmpty(row);
        Assert.Equal(kind, SourceEvents.Read(json)?.Kind);
    }

    [Theory]
    [InlineData("function-url", "http-api", TriggerKind.FunctionUrl)]
    [InlineData("function-url", "rest-api", TriggerKind.RestApi)]
    [InlineData("rest-api", "websocket-api", TriggerKind.RestApi)]
    [InlineData("load-balancer", "websocket-api", TriggerKind.WebSocketApi)]
    [InlineData("load-balancer", "function-url", TriggerKind.LoadBalancer)]
    [InlineData("kafka", "sqs", TriggerKind.Kafka)]
    [InlineData("sqs", "eventbridge", TriggerKind.Sqs)]
    [InlineData("kinesis", "eventbridge", TriggerKind.EventBridge)]
    [InlineData("sqs", "step-functions", TriggerKind.Sqs)]
    [InlineData("sqs", "step-functions-datadog", TriggerKind.Sqs)]
    [InlineData("cloudfront", "step-functions", TriggerKind.StepFunctions)]
    [InlineData("schedule", "cloudwatch-logs", TriggerKind.CloudWatchLogs)]
    public void An_event_that_fits_two_sources_goes_to_the_earlier_one(string first, string second, TriggerKind kind)
    {
        JsonObject merged = SourceEvents.Node(second).AsObject();
        Merge(merged, SourceEvents.Node(first).AsObject());

        Assert.Equal(kind, SourceEvents.Read(merged).Kind);
    }

    [Theory]
    [InlineData("a record of an S3 notification in a queue", """{"Records":[{"eventSource":"aws:sqs","s3":{},"Sns":{}}]}""", TriggerKind.Sqs)]
    [InlineData(
        "an HTTP API with payload format 1.0",
        """{"version":"1.0","resource":"/a","httpMethod":"GET","requestContext":{"stage":"$default"}}""", TriggerKind.RestApi)]
    public void Reasons_for_the_order(string row, string json, TriggerKind kind)
    {
        Assert.NotEmpty(row);
        Assert.Equal(kind, SourceEvents.Read(json)!.Kind);
    }

    [Theory]
    [InlineData("IoT", """{"temperature":21.5,"device":"d1"}""")]
    [InlineData(
        "Cognito",
        """{"version":"1","triggerSource":"PreSignUp_SignUp","userPoolId":"p","userName":"u","request":{"userAttributes":{}},"response":{}}""")]
    [InlineData("ActiveMQ", """{"eventSource":"aws:mq","eventSourceArn":"arn:aws:mq:eu-west-1:1:broker:b","messages":[{"messageID":"m","data":""}]}""")]
    [InlineData("RabbitMQ", """{"eventSource":"aws:rmq","eventSourceArn":"arn:aws:mq:eu-west-1:1:broker:b","rmqMessagesByQueue":{"q::/":[{"data":""}]}}""")]
    [InlineData("DocumentDB", """{"eventSource":"aws:docdb","eventSourceArn":"arn:aws:rds:eu-west-1:1:cluster:c","events":[{"event":{}}]}""")]
    [InlineData(
        "Firehose",
        """{"invocationId":"i","deliveryStreamArn":"arn:aws:firehose:eu-west-1:1:deliverystream/s","records":[{"recordId":"r","data":""}]}""")]
    [InlineData("SES", """{"Records":[{"eventSource":"aws:ses","eventVersion":"1.0","ses":{"mail":{}}}]}""")]
    [InlineData("CodeCommit", """{"Records":[{"eventSource":"aws:codecommit","eventSourceARN":"arn:aws:codecommit:eu-west-1:1:r","codecommit":{}}]}""")]
    [InlineData("VPC Lattice 1", """{"raw_path":"/a","method":"GET","headers":{},"query_string_parameters":{},"body":"","is_base64_encoded":false}""")]
    [InlineData(
        "VPC Lattice 2",
        """{"version":"2.0","path":"/a","method":"GET","headers":{},"requestContext":{"serviceNetworkArn":"arn:aws:vpc-lattice:x"}}""")]
    [InlineData("Config", """{"invokingEvent":"{}","ruleParameters":"{}","resultToken":"t"}""")]
    [InlineData("array", "[]")]
    [InlineData("text", "\"x\"")]
    [InlineData("null", "null")]
    [InlineData("number", "7")]
    [InlineData("truth value", "true")]
    [InlineData("empty object", "{}")]
    [InlineData("no records", """{"Records":[]}""")]
    [InlineData("a record that is a number", """{"Records":[1]}""")]
    [InlineData("records that are an object", """{"Records":{}}""")]
    [InlineData("not JSON", "not json")]
    [InlineData("nothing", "")]
    [InlineData("an array around an event", """[{"Records":[{"eventSource":"aws:sqs"}]}]""")]
    [InlineData("two values", """{"Records":[{"eventSource":"aws:sqs"}]} {}""")]
    public void What_no_reference_knows_is_no_trigger(string row, string json)
    {
        Assert.NotEmpty(row);
        Assert.Null(SourceEvents.Read(json));
    }

    private static void Merge(JsonObject target, JsonObject stronger)
    {
        foreach ((string key, JsonNode? value) in stronger)
        {
            if (value is JsonObject child && target[key] is JsonObject existing)
            {
                Merge(existing, child);
            }
            else
            {
                target[key] = value?.DeepClone();
            }
        }
    }
}
