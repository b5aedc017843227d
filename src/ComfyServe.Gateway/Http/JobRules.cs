using System.Text.Json;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Gateway.Http;

/// <summary>Checks a job's submission.</summary>
internal static class JobRules
{
    /// <summary>All mistakes in it.</summary>
    public static IReadOnlyList<string> Mistakes(JobSubmission given)
    {
        List<string> mistakes = [];
        void Check(bool right, string mistake)
        {
            if (!right)
            {
                mistakes.Add(mistake);
            }
        }

        Check(given.Payload?.ValueKind == JsonValueKind.Object, "'payload' wants a JSON object, for example {\"input\": {\"workflow_json\": {…}}}");
        Check(given.Route is null || (given.Route.StartsWith('/') && !given.Route.StartsWith("//", StringComparison.Ordinal) && given.Route.Length <= 200 && given.Route.All(IsPlain)), "'route' wants a path of the worker such as '/generate/sync'");
        Check(given.Cost is null or > 0, "'cost' wants load units above 0");
        Check(given.MaxAttempts is null or (>= 1 and <= 20), "'max_attempts' wants a count from 1 to 20");
        Check(given.Webhook is null || IsHttp(given.Webhook.Url), "'webhook.url' wants an http or https URL");
        return mistakes;
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_';

    private static bool IsHttp(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is ("http" or "https") && parsed.UserInfo.Length == 0;
}
