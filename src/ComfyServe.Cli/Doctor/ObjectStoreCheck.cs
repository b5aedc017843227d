namespace ComfyServe.Cli.Doctor;

/// <summary>Whether the object store of the environment is named completely and answers.</summary>
internal static class ObjectStoreCheck
{
    private static readonly string[] Needed = ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "S3_BUCKET_NAME"];

    public static async Task<IReadOnlyList<Finding>> RunAsync(HttpClient http, Func<string, string?> environment, TimeProvider time, CancellationToken cancellationToken)
    {
        var missing = Needed.Where(v => string.IsNullOrWhiteSpace(environment(v))).ToList();
        if (missing.Count == Needed.Length)
        {
            return [new("object store", FindingLevel.NotUsed, "no S3_ variables: outputs stay on this machine, behind signed URLs")];
        }

        if (missing.Count > 0)
        {
            return [new("object store", FindingLevel.Problem, $"{string.Join(" and ", missing)} {(missing.Count == 1 ? "is" : "are")} not set", "set all three of S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and S3_BUCKET_NAME, or none")];
        }

        var text = environment("S3_ENDPOINT_URL");
        var endpoint = string.IsNullOrWhiteSpace(text) ? $"https://s3.{environment("S3_REGION") ?? "us-east-1"}.amazonaws.com" : text.Trim();
        if (!WebUrl.TryParse(endpoint, out var url))
        {
            return [new("object store", FindingLevel.Problem, $"S3_ENDPOINT_URL '{endpoint}' is not an http or https URL", "write it as https://HOST")];
        }

        try
        {
            // Unsigned, so that it answers 403 or 400: enough to know that it is there, and what time it has.
            using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var findings = new List<Finding> { new("object store", FindingLevel.Ok, $"'{url.Host}' answers") };
            if (response.Headers.Date is { } date)
            {
                findings.Add(ClockCheck.Compare($"'{url.Host}'", date, time.GetUtcNow(), TimeSpan.FromMinutes(15), "S3 refuses signatures that are more than 15 minutes off"));
            }

            return findings;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return [new("object store", FindingLevel.Problem, $"'{url.Host}' does not answer: {exception.Message}", "check S3_ENDPOINT_URL, the network and its certificate")];
        }
    }
}
