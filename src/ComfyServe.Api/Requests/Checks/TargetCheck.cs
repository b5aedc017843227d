using ComfyServe.Api.Jobs;
using ComfyServe.Api.Outputs.S3;
using ComfyServe.Hosting.Outbound;

namespace ComfyServe.Api.Requests.Checks;

/// <summary>Checks where a request wants its outputs and its webhook to go, before any work is done for it.</summary>
internal sealed class TargetCheck(ApiOptions options, AddressCheck addresses)
{
    private static readonly object[] Input = ["body", "input"];

    /// <summary>Adds every mistake.</summary>
    /// <param name="request">The request.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="problems">Where to.</param>
    /// <param name="cancellationToken">Ends the look at addresses.</param>
    public async Task RunAsync(JobRequest request, string? owner, List<ValidationProblem> problems, CancellationToken cancellationToken)
    {
        var before = problems.Count;
        foreach (var (field, message) in S3Check.Problems(request.S3, options.S3))
        {
            problems.Add(new("value_error", field is null ? [.. Input, "s3"] : [.. Input, "s3", field], $"Value error, {message}"));
        }

        if (problems.Count == before && S3Settings.Merge(request.S3, options.S3) is { IsCallers: true, Endpoint.Length: > 0 } store)
        {
            await CheckAsync(new(store.Endpoint), [.. Input, "s3", "endpoint_url"]);
        }

        if (request.Webhook?.Url is { Length: > 0 } text)
        {
            object[] location = [.. Input, "webhook", "url"];
            if (WebUrl.Parse(text) is { } url)
            {
                await CheckAsync(url, location);
            }
            else
            {
                problems.Add(new("url_parsing", location, "Input should be an absolute http or https URL"));
            }
        }

        async Task CheckAsync(Uri url, IReadOnlyList<object> location)
        {
            if (await addresses.ProblemAsync(url, owner, cancellationToken) is { } problem)
            {
                problems.Add(new("address_refused", location, $"Value error, {problem}"));
            }
        }
    }
}
