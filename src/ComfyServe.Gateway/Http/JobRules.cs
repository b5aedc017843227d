using System.Text.Json;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Jobs.Deliveries;

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
        Check(given.Webhook is null || WebUrl.Parse(given.Webhook.Url) is not null, "'webhook.url' wants an absolute http or https URL");
        Check(given.Webhook?.Timeout is not { } seconds || (seconds >= 1 && seconds <= DeliveryTarget.LongestTimeout.TotalSeconds), $"'webhook.timeout' wants seconds from 1 to {DeliveryTarget.LongestTimeout.TotalSeconds:0}");
        return mistakes;
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_';
}
