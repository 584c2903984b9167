using Mayfly.Config;
using Mayfly.Diagnostics;

namespace Mayfly.Secrets;

/// <summary>What is known of the API key at this moment.</summary>
public enum ApiKeyState
{
    /// <summary>There is one.</summary>
    Known,

    /// <summary>It is being asked for, or will be asked for again: what waits for it is to be kept.</summary>
    Awaited,

    /// <summary>None is configured.</summary>
    None,
}

/// <summary>One look at the API key; <paramref name="Key"/> is set when it is known.</summary>
public readonly record struct ApiKeyView(ApiKeyState State, string? Key);

/// <summary>
/// The API key, from whatever source was configured: the first of delegated auth, KMS, Secrets Manager and SSM that gives one, else the plain one
/// (docs/spec/05-config.md#10-api-key, docs/spec/01-lambda-lifecycle.md#82-timing).
/// </summary>
/// <remarks>
/// Nothing is asked before the first look, which is off the critical path of the start; those who look meanwhile wait, as long as they can. A failure is tried
/// again by a later look, after a pause that grows. A key that was had is kept when it cannot be had anew. Thread-safe.
/// </remarks>
/// <param name="settings">The sources.</param>
/// <param name="site">For delegated auth: the intake's site, or a URL.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told once per source what is wrong and what to do.</param>
/// <param name="outbound">The way out; null: directly.</param>
public sealed class ApiKeyProvider(SecretSettings settings, string site, TimeProvider time, Log log, OutboundSettings? outbound = null) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _ended = new();
    private AwsClient? _aws;
    private Task? _asking;
    private string? _key;
    private long _keyAt;
    private long? _replacedAt;
    private bool _isReplacing;
    private bool _isFallback;
    private volatile string _title = settings.Title;
    private long _failedAt;
    private int _failures;

    /// <summary>For people: the setting that gave the key, or has to give it.</summary>
    public string Title => _title;

    /// <summary>The key, waiting for it until <paramref name="cancellation"/>; the asking goes on without those who left.</summary>
    public async ValueTask<ApiKeyView> GetAsync(CancellationToken cancellation)
    {
        if (!settings.IsRemote)
        {
            return new ApiKeyView(settings.PlainKey is null ? ApiKeyState.None : ApiKeyState.Known, settings.PlainKey);
        }

        Task? asking;
        lock (_gate)
        {
            if (_asking is null && IsDue())
            {
                _asking = AskAsync();
            }

            // Whoever has an old key need not wait for the new one.
            asking = _key is null ? _asking : null;
        }

        if (asking is not null)
        {
            await Task.WhenAny(asking, Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation));
        }

        lock (_gate)
        {
            return _key is not null ? new ApiKeyView(ApiKeyState.Known, _key) : new ApiKeyView(ApiKeyState.Awaited, null);
        }
    }

    /// <summary>
    /// Another key instead of one that an intake refused: it may have been replaced where it is kept. <see cref="ApiKeyState.None"/> where it is still the
    /// same: a key that is wrong stays so, and is asked for at most once in <see cref="LongestPause"/> for this reason. <see cref="ApiKeyState.Awaited"/>
    /// where there is no answer to that yet.
    /// </summary>
    public async ValueTask<ApiKeyView> ReplaceAsync(string refused, CancellationToken cancellation)
    {
        if (!settings.IsRemote)
        {
            return new ApiKeyView(ApiKeyState.None, null);
        }

        Task? asking;
        lock (_gate)
        {
            bool isOld = _key == refused && !IsReplacedLately;
            if (isOld && _asking is null && (_failures == 0 || IsDue()))
            {
                _asking = AskAsync();
            }

            _isReplacing |= isOld;
            asking = isOld ? _asking : null;
        }

        if (asking is not null)
        {
            await Task.WhenAny(asking, Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation));
        }

        lock (_gate)
        {
            if (_key != refused)
            {
                return new ApiKeyView(ApiKeyState.Known, _key);
            }

            // The plain key in place of another one is a guess: nothing waits for it to become right.
            return new ApiKeyView(IsReplacedLately || _isFallback ? ApiKeyState.None : ApiKeyState.Awaited, null);
        }
    }

    private bool IsReplacedLately => _replacedAt is { } at && time.GetElapsedTime(at) < LongestPause;

    public void Dispose()
    {
        _ended.Cancel();
        _aws?.Dispose();
        _ended.Dispose();
    }

    private bool IsDue()
    {
        if (_failures > 0)
        {
            double pause = Math.Min(LongestPause.TotalSeconds, FirstPause.TotalSeconds * Math.Pow(2, Math.Min(_failures - 1, 10)));
            return time.GetElapsedTime(_failedAt).TotalSeconds >= pause;
        }

        return _key is null || (settings.ReloadInterval > TimeSpan.Zero && time.GetElapsedTime(_keyAt) > settings.ReloadInterval);
    }

    private async Task AskAsync()
    {
        await Task.Yield();
        KeySetting? key = null;
        try
        {
            key = await FirstOfAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            log.Error($"Asking for the API key failed inside the agent: {e}");
        }

        lock (_gate)
        {
            _asking = null;
            if (key is not null)
            {
                (_key, _title, _keyAt, _failures, _isFallback) = (key.Value, key.Title, time.GetTimestamp(), 0, false);
                _replacedAt = _isReplacing ? _keyAt : _replacedAt;
                _isReplacing = false;
                return;
            }

            (_failedAt, _failures) = (time.GetTimestamp(), _failures + 1);
            if (_key is null && settings.Plain is { } plain)
            {
                log.Once("key.fallback", LogLevel.Warn, $"The key in {plain.Title} is used instead.");
                (_key, _title, _isFallback) = (plain.Value, plain.Title, true);
            }
        }
    }

    /// <summary>The key of the first source that has one; null when none has.</summary>
    private async Task<KeySetting?> FirstOfAsync()
    {
        _aws ??= new AwsClient(settings, outbound ?? OutboundSettings.Direct, time, log);
        foreach (Source source in Sources())
        {
            try
            {
                string key = string.Concat((await source.AskAsync()).Where(static c => !char.IsWhiteSpace(c)));
                if (key.Length > 0)
                {
                    return source.Setting with { Value = key };
                }

                throw new SecretFailure("it is empty");
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                string title = source.Setting.Title;
                log.Once($"key.{title}", LogLevel.Error, $"{title} gives no API key: {e.Message}. {source.Fix} It is tried again.");
            }
        }

        return null;
    }

    private IEnumerable<Source> Sources()
    {
        AwsClient aws = _aws!;
        CancellationToken ended = _ended.Token;
        if (settings.OrgUuid is { } orgUuid)
        {
            yield return new Source(
                orgUuid,
                "Check the id, that the organisation trusts this AWS account, and that the function's role may call sts:GetCallerIdentity.",
                () => DelegatedAuth.GetKeyAsync(aws, site, orgUuid.Value, time.GetUtcNow(), ended));
        }

        if (settings.KmsKey is { } kmsKey)
        {
            yield return new Source(
                kmsKey,
                "The function's role needs kms:Decrypt on the key, and the value must be its cipher text in base64.",
                () => SecretSources.DecryptAsync(aws, settings, ended));
        }

        if (settings.SecretArn is { } secretArn)
        {
            yield return new Source(
                secretArn,
                "The function's role needs secretsmanager:GetSecretValue on the secret, and kms:Decrypt if a key of yours encrypts it.",
                () => SecretSources.GetSecretAsync(aws, settings, ended));
        }

        if (settings.SsmArn is { } ssmArn)
        {
            yield return new Source(
                ssmArn,
                "The function's role needs ssm:GetParameter on the parameter, and kms:Decrypt if a key of yours encrypts it.",
                () => SecretSources.GetParameterAsync(aws, settings, ended));
        }
    }

    private readonly record struct Source(KeySetting Setting, string Fix, Func<Task<string>> AskAsync);
}
