using System.Text.Json;
using ComfyServe.Client;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Cli.Run;

/// <summary>Runs a workflow on an endpoint of a gateway: <c>/route/</c>, then the worker it names.</summary>
internal static class EndpointRun
{
    /// <summary>Runs the workflow to its end.</summary>
    /// <param name="gateway">URL of the gateway; null takes <c>COMFYSERVE_GATEWAY</c>.</param>
    /// <param name="endpoint">Name of the endpoint.</param>
    /// <param name="file">The workflow, in API format.</param>
    /// <param name="quiet">Says nothing about waiting and routing.</param>
    /// <param name="cancellationToken">Ends the request; the worker drops it.</param>
    /// <exception cref="UsageException">There is no key, or the gateway refused it.</exception>
    /// <exception cref="RefusedException">The worker refused the workflow.</exception>
    public static async Task<GenerateResult> RunAsync(string? gateway, string endpoint, WorkflowFile file, bool quiet, CancellationToken cancellationToken)
    {
        var options = new ServerlessOptions();
        options.ApiKey ??= Environment.GetEnvironmentVariable("COMFYSERVE_ADMIN_KEY");
        if (gateway is not null)
        {
            options.Gateway = WebUrl.TryParse(gateway, out var url)
                ? url
                : throw new UsageException($"'--gateway {gateway}' is not an http or https URL");
        }

        try
        {
            using var serverless = new Serverless(options);
            var target = await serverless.GetEndpointAsync(endpoint, cancellationToken);
            var payload = file.ToRequest(Guid.NewGuid().ToString());
            var request = new RequestOptions { Progress = quiet ? null : new Progress<RequestProgress>(Tell) };
            return Read(await target.RequestAsync("/generate/sync", payload, request, cancellationToken));
        }
        catch (ServerlessException error) when (error.IsTransient || error.Status is null or >= 500)
        {
            throw error.Status is null && !error.IsTransient ? new UsageException(error.Message) : new HttpRequestException(error.Message, error);
        }
        catch (ServerlessException error)
        {
            throw new RefusedException(error.Message);
        }
    }

    private static GenerateResult Read(ServerlessResponse response)
    {
        try
        {
            return response.Body.Deserialize(RunJsonContext.Default.GenerateResult)!;
        }
        catch (JsonException)
        {
            // The worker refused before there was a result: its own words say why.
            throw new RefusedException($"worker '{response.WorkerUrl}' answered {response.Status}: {ServiceReason.Of(response.Body?.ToJsonString() ?? "")}");
        }
    }

    private static void Tell(RequestProgress progress) => Console.Error.WriteLine($"{progress.State}: {progress.Detail}");
}
