using System.Net;
using System.Text;
using ComfyServe.Api.Keys;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Browsers;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Jobs.Deliveries;

namespace ComfyServe.Api.Settings;

/// <summary>The API service's configuration by environment variables: the seed page's, the original's, and ours.</summary>
public static class ApiSettings
{
    private const string Unused = "accepted for the original's sake and without effect: ";

    private static readonly Setting[] All =
    [
        new("COMFYUI_API_BASE", "http://127.0.0.1:8188", "base URL of the one engine", static (o, v) => o.Engines = [SettingValue.Url(v)]),
        new("COMFYUI_BACKENDS", "", "base URLs of several engines between commas; decides over COMFYUI_API_BASE", static (o, v) => o.Engines = SettingValue.Urls(v) is { Count: > 0 } urls ? urls : o.Engines),
        new("COMFYUI_INSTALL_PATH", "", "ComfyUI's folder on the engines' machine, for `local_path` of outputs; without it each engine is asked. Files go to and come from engines over HTTP", static (o, v) => o.EngineFolder = v),
        new("MAX_QUEUE_SIZE", "100", "jobs that may wait, beyond the one that each engine runs", static (o, v) => o.MaxQueueSize = SettingValue.Integer(v, 1, 1_000_000)),
        new("API_CACHE_TTL", "21600", "seconds that a finished job's result is kept", static (o, v) => o.ResultLifetime = SettingValue.Seconds(v, 1, 31_536_000)),
        new("INCLUDE_COMFYUI_RESPONSE", "true", "whether results carry `comfyui_response`", static (o, v) => o.IncludeComfyResponse = SettingValue.Boolean(v)),
        new("OUTPUT_BASE64_MAX_BYTES", "10485760", "largest output that is returned as base64", static (o, v) => o.OutputBase64MaxBytes = SettingValue.Bytes(v)),
        new("BACKEND_FAILURE_THRESHOLD", "3", "failures in a row after which an engine gets no work for a while", static (o, v) => o.BackendFailureThreshold = SettingValue.Integer(v, 1, 1000)),
        new("S3_ACCESS_KEY_ID", "", "object store: access key id", static (o, v) => o.S3 = o.S3 with { AccessKeyId = v }),
        new("S3_SECRET_ACCESS_KEY", "", "object store: secret access key", static (o, v) => o.S3 = o.S3 with { SecretAccessKey = v }),
        new("S3_BUCKET_NAME", "", "object store: bucket; with both keys it replaces the embedded store", static (o, v) => o.S3 = o.S3 with { BucketName = v }),
        new("S3_ENDPOINT_URL", "", "object store: base URL; none means AWS", static (o, v) => o.S3 = o.S3 with { EndpointUrl = SettingValue.Url(v) }),
        new("S3_REGION", "", "object store: region to sign for; `us-east-1` on AWS and `auto` elsewhere without it", static (o, v) => o.S3 = o.S3 with { Region = v }),
        new("S3_CONNECT_TIMEOUT", "60", "object store: seconds to wait for a connection", static (o, v) => o.S3 = o.S3 with { ConnectTimeout = SettingValue.Integer(v, 1, 3600) }),
        new("S3_CONNECT_ATTEMPTS", "3", "object store: how often an upload is tried", static (o, v) => o.S3 = o.S3 with { ConnectAttempts = SettingValue.Integer(v, 1, 100) }),
        new("OUTPUT_KEY_TEMPLATE", "{request_id}/{filename}", "keys of outputs; also `{node_id}` and `{date}`. With API keys on, `o-…/` of the owner stands before it and `~…` after the id", static (o, v) => o.OutputKeyTemplate = v),
        new("OUTPUT_URL_LIFETIME", "604800", "seconds that a signed URL of an output is good for", static (o, v) => o.UrlLifetime = SettingValue.Seconds(v, 1, 604_800)),
        new("OUTPUT_URL_MAX_LIFETIME", "604800", "longest time in seconds that a request may ask for with `output_url_lifetime`", static (o, v) => o.MaxUrlLifetime = SettingValue.Seconds(v, 1, 604_800)),
        new("WEBHOOK_URL", "", "called about requests that name no webhook of their own", static (o, v) => o.Webhook.Url = SettingValue.Url(v)),
        new("WEBHOOK_SECRET", "", "signs webhooks of requests that bring no secret", static (o, v) => o.Webhook.Secret = v),
        new("WEBHOOK_SECRET_OTHER", "", "signs as well, while receivers change from one secret to the other", static (o, v) => o.Webhook.OtherSecret = v),
        new("WEBHOOK_TIMEOUT", "30", "seconds that one delivery to WEBHOOK_URL may take, at most 60", static (o, v) => o.Webhook.Timeout = SettingValue.Seconds(v, 1, DeliveryTarget.LongestTimeout.TotalSeconds)),
        new("WEBHOOK_GIVE_UP_AFTER", "86400", "seconds that a delivery is tried", static (o, v) => o.Webhook.GiveUpAfter = SettingValue.Seconds(v, 0, 2_592_000)),
        new("WEBHOOK_EVENTS", "completed", "what is told of requests that do not choose: `start`, `progress`, `completed` between commas", static (o, v) => o.Webhook.Events = SettingValue.OneOf(v, WebhookEvents.All)),
        new("WEBHOOK_PROGRESS_INTERVAL", "0.5", "least seconds between two `progress` webhooks of a request", static (o, v) => o.Webhook.ProgressInterval = SettingValue.Seconds(v, 0.05, 3600)),
        new("ALLOWED_HOSTS", "", "hosts, addresses and networks that may be called for a caller although they are not public; `*` opens all", static (o, v) => o.AllowedHosts = SettingValue.List(v)),
        new("MAX_CONNECTIONS", "4000", "connections at the same time; when one more comes, the longest idle one is closed", static (o, v) => o.MaxConnections = SettingValue.Integer(v, 16, 1_000_000)),
        new("MAX_BODY_BYTES", "104857600", "largest request body", static (o, v) => o.MaxBodyBytes = SettingValue.Bytes(v)),
        new("MAX_INPUT_BYTES", "536870912", "largest file that a request brings along", static (o, v) => o.Inputs.MaxBytes = SettingValue.Bytes(v)),
        new("MAX_INPUTS", "64", "most files that a request brings along", static (o, v) => o.Inputs.MaxCount = SettingValue.Integer(v, 0, 10_000)),
        new("INPUT_TIMEOUT", "300", "seconds that one file may take to fetch", static (o, v) => o.Inputs.Timeout = SettingValue.Seconds(v, 1, 86_400)),
        new("INPUT_CACHE_BYTES", "4294967296", "size of the cache of fetched files", static (o, v) => o.Inputs.CacheBytes = SettingValue.Bytes(v)),
        new("PREPROCESS_WORKERS", "16", "files fetched at the same time", static (o, v) => o.Inputs.MaxFetches = SettingValue.Integer(v, 1, 1000)),
        new("QUEUE_TIMEOUT", "86400", "seconds that a job may wait until an engine executes it; the most that a request may ask for", static (o, v) => o.QueueTimeout = SettingValue.Seconds(v, 1, 31_536_000)),
        new("UPLOAD_TIMEOUT", "3600", "seconds that storing a job's outputs may take; the most that a request may ask for", static (o, v) => o.UploadTimeout = SettingValue.Seconds(v, 1, 604_800)),
        new("RUN_TIMEOUT", "3600", "seconds that a run may take before it is interrupted; the most that a request may ask for", static (o, v) => o.Times.Run = SettingValue.Seconds(v, 1, 604_800)),
        new("STALL_TIMEOUT", "900", "seconds that a running workflow may go without a step before it is interrupted", static (o, v) => o.Times.Stall = SettingValue.Seconds(v, 1, 604_800)),
        new("PUBLIC_URL", "", "scheme, host and port of output URLs; what each request says without it", static (o, v) => o.PublicUrl = SettingValue.Url(v)),
        new("LEDGER_POSTGRES", "", "PostgreSQL connection string of the ledger; SQLite below the data folder without it", static (o, v) => o.LedgerPostgres = v),
        new("LEDGER_KEY", "", "64 hexadecimal digits that seal what the ledger holds; services that share a PostgreSQL need the same. A key below the data folder without it", static (o, v) => o.LedgerKey = SettingValue.Key(v)),
        new("SHUTDOWN_GRACE", "10", "seconds that jobs may go on when the service is asked to stop", static (o, v) => o.ShutdownGrace = SettingValue.Seconds(v, 0, 3600)),
        new("TEMPLATES_FOLDER", "", "folder of workflow templates", static (o, v) => o.TemplatesFolder = v),
        new("API_KEYS", "", "keys between commas, each `NAME:KEY` or `NAME:sha256$HEX`, and `:read` after it for one that may not run anything", static (o, v) => o.ApiKeys = [.. SettingValue.List(v).Select(ApiKey.Parse)]),
        new("OWNER_SHARE", "50", "percent of what keys share (waiting jobs, fetches, uploads, webhook deliveries) that one key may take, where there are several", static (o, v) => o.OwnerShare = SettingValue.Integer(v, 1, 100)),
        new("API_ALLOW_ANONYMOUS", "false", "whether to serve without keys on addresses other than loopback", static (o, v) => o.AllowAnonymous = SettingValue.Boolean(v)),
        new(ServedHosts.Variable, "", "names between commas under which the service answers without keys, besides those of this machine and that of PUBLIC_URL; `*.example.org` and `*` stand for many", static (o, v) => o.ServedHosts = SettingValue.List(v)),
        new("API_CACHE", "memory", Unused + "results are kept in the ledger; `redis` is refused", static (_, v) => RefuseRedis(v)),
        new("GENERATION_WORKERS", "", Unused + "each engine has one", static (_, _) => { }),
        new("POSTPROCESS_WORKERS", "", Unused + "outputs are stored as they come", static (_, _) => { }),
        new("WEBSOCKET_INITIAL_TIMEOUT", "", Unused + "silence is looked into after 5 s", static (_, _) => { }),
        new("WEBSOCKET_MESSAGE_TIMEOUT", "", Unused + "silence is looked into after 5 s", static (_, _) => { }),
        new("WEBSOCKET_MAX_NO_MESSAGE_RETRIES", "", Unused + "the engine's queue and history decide", static (_, _) => { }),
        new("WEBSOCKET_MAX_RECONNECTS", "", Unused + "sockets are reopened as long as the service runs", static (_, _) => { }),
    ];

    /// <summary>Takes the variables that are set over into <paramref name="options"/>; blank ones count as not set.</summary>
    /// <param name="options">The settings so far.</param>
    /// <param name="variable">Value of a variable, or null.</param>
    /// <exception cref="ApiSettingsException">Some have a bad value; all are named, none is quoted.</exception>
    public static void Read(ApiOptions options, Func<string, string?> variable)
    {
        var problems = new List<string>();
        foreach (var setting in All)
        {
            if (variable(setting.Name)?.Trim() is not { Length: > 0 } value)
            {
                continue;
            }

            try
            {
                setting.Apply(options, value);
            }
            catch (FormatException e)
            {
                problems.Add($"{setting.Name} should be {e.Message}");
            }
        }

        if (problems.Count > 0)
        {
            throw new ApiSettingsException(problems);
        }
    }

    /// <summary>Checks what only shows when everything is known.</summary>
    /// <exception cref="ApiSettingsException">Something does not fit; all of it is named.</exception>
    public static void Check(ApiOptions options)
    {
        var problems = new List<string>();
        if (!IPAddress.TryParse(options.Host, out var address))
        {
            problems.Add($"the host '{options.Host}' is not an IP address");
        }
        else if (!IPAddress.IsLoopback(address) && options.ApiKeys.Count == 0 && !options.AllowAnonymous)
        {
            problems.Add($"listening on {options.Host} without keys lets anybody run workflows: set API_KEYS, or API_ALLOW_ANONYMOUS=true where something in front asks for keys");
        }

        if (options.Engines.Count == 0)
        {
            problems.Add("no engine is named: set COMFYUI_API_BASE or COMFYUI_BACKENDS");
        }

        if (!options.OutputKeyTemplate.Contains("{filename}", StringComparison.Ordinal) || !options.OutputKeyTemplate.Contains("{request_id}", StringComparison.Ordinal))
        {
            problems.Add("OUTPUT_KEY_TEMPLATE should contain '{request_id}' and '{filename}': outputs would replace each other");
        }

        if (options.UrlLifetime > options.MaxUrlLifetime)
        {
            problems.Add("OUTPUT_URL_LIFETIME is longer than OUTPUT_URL_MAX_LIFETIME: lower the one or raise the other");
        }

        var some = ((string[])[options.S3.AccessKeyId, options.S3.SecretAccessKey, options.S3.BucketName]).Count(v => v.Length > 0);
        if (some is > 0 and < 3 && options.S3.AccessKeyId.Length + options.S3.SecretAccessKey.Length > 0)
        {
            problems.Add("the object store is set in part: S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and S3_BUCKET_NAME belong together");
        }

        foreach (var host in options.AllowedHosts)
        {
            CheckHost("ALLOWED_HOSTS", () => new AddressPolicy([host]), problems);
        }

        foreach (var host in options.ServedHosts)
        {
            CheckHost(ServedHosts.Variable, () => new ServedHosts(IPAddress.Loopback, host), problems);
        }

        if (problems.Count > 0)
        {
            throw new ApiSettingsException(problems);
        }
    }

    /// <summary>The reference page.</summary>
    public static string Document()
    {
        var text = new StringBuilder("""
            # Settings of the API service

            <!-- Written by the tests of ComfyServe.Api from the settings themselves; change those. -->

            Environment variables. Blank ones count as not set. Every mistake is reported when the service starts, and it does not start with one.

            | variable | default | meaning |
            | --- | --- | --- |

            """);
        foreach (var setting in All)
        {
            text.Append($"| `{setting.Name}` | {(setting.Default.Length == 0 ? "" : $"`{setting.Default}`")} | {setting.Meaning} |\n");
        }

        return text.ToString();
    }

    private static void RefuseRedis(string value)
    {
        if (value.Equals("redis", StringComparison.OrdinalIgnoreCase))
        {
            throw new FormatException("'memory' or not set: results are kept in the ledger (LEDGER_POSTGRES shares it)");
        }
    }

    private static void CheckHost(string setting, Func<object> read, List<string> problems)
    {
        try
        {
            _ = read();
        }
        catch (FormatException e)
        {
            problems.Add($"{setting}: {e.Message}");
        }
    }
}
