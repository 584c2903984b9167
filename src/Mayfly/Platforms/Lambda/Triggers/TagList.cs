namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>Tags in the order in which they were added. What the event does not say is left out.</summary>
internal sealed class TagList : List<KeyValuePair<string, string>>
{
    public const string EventSourceKey = "function_trigger.event_source";
    public const string EventSourceArnKey = "function_trigger.event_source_arn";

    /// <summary>Nothing happens for null.</summary>
    public void Add(string key, string? value)
    {
        if (value is not null)
        {
            Add(new KeyValuePair<string, string>(key, value));
        }
    }

    /// <summary>Adds the tag, or replaces its value where it stands.</summary>
    public void Set(string key, string value)
    {
        int index = FindIndex(tag => tag.Key == key);
        if (index < 0)
        {
            Add(key, value);
        }
        else
        {
            this[index] = new KeyValuePair<string, string>(key, value);
        }
    }

    /// <summary>The two tags that every source has; an unknown or empty ARN is left out.</summary>
    public TagList WithSource(string eventSource, string? arn)
    {
        Add(EventSourceKey, eventSource);
        Add(EventSourceArnKey, arn is "" ? null : arn);
        return this;
    }
}
