using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>Events as large as Lambda passes them on, each with much of something else.</summary>
internal static class LargeEvents
{
    private const int Bytes = 6 * 1024 * 1024;

    /// <summary>What stands between two § is repeated until the event has the size.</summary>
    public static TheoryData<string, string> Rows => new()
    {
        { "one long text", """{"Records":[{"eventSource":"aws:sqs","body":"§x§"}]}""" },
        { "one long escaped text", """{"Records":[{"eventSource":"aws:sqs","body":"{TopicArn§\n§"}]}""" },
        { "one long text that looks like a notification", """{"Records":[{"eventSource":"aws:sqs","body":"{\"TopicArn\":\"§x§\"}"}]}""" },
        { "base64", """{"Records":[{"kinesis":{"data":"eyJfZGF0YWRvZyI6§eHh4§"}}]}""" },
        { "numbers", """{"Records":[{"kinesis":{}}],"x":[0§,0§]}""" },
        { "numbers within", """{"requestContext":{"stage":"s","x":[0§,0§]},"httpMethod":"GET","resource":"/"}""" },
        { "arrays", """{"Records":[{"s3":{"x":[[]§,[]§]}}]}""" },
        { "texts", """{"Records":[{"eventSource":"aws:sqs"},""§,""§]}""" },
        { "members", """{"detail-type":"a","source":"b","detail":{"_datadog":{"a":{}§,"a":{}§}}}""" },
        { "headers", """{"requestContext":{"stage":"s"},"httpMethod":"GET","resource":"/","headers":{"a":[]§,"a":[]§}}""" },
        { "records of a queue", """{"Records":[{"eventSource":"aws:sqs"}§,{"body":"x"}§]}""" },
        { "broken notifications", """{"Records":[{"eventSource":"aws:sqs"}§,{"body":"{\"TopicArn\""}§]}""" },
        { "records of a topic", """{"records":{"a":[{"topic":"t"}§,{"headers":[{"h":[49]}]}§]}}""" },
        { "changes", """{"Records":[{"dynamodb":{}}§,{"dynamodb":{}}§]}""" },
        { "members of the event", """{"Records":[{"kinesis":{}}]§,"a":{}§}""" },
        { "white space", """{"Records":[§ §{"kinesis":1}]}""" },
    };

    /// <summary>The event that a row stands for.</summary>
    public static string Of(string template)
    {
        string[] parts = template.Split('§');
        int count = (Bytes - parts[0].Length - parts[2].Length) / parts[1].Length;
        return parts[0] + string.Concat(Enumerable.Repeat(parts[1], count)) + parts[2];
    }
}
