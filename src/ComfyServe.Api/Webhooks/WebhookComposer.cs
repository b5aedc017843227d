using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Api.Jobs;
using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Api.Requests;
using ComfyServe.Contracts.Api;
using ComfyServe.Jobs.Deliveries;
using PythonText = ComfyServe.Workflows.Json.PythonJson;

namespace ComfyServe.Api.Webhooks;

/// <summary>Composes what a webhook tells about the end of a job, byte for byte in the original's form: receivers verify signatures over it.</summary>
internal sealed class WebhookComposer(ApiOptions options) : IDeliveryComposer
{
    /// <inheritdoc/>
    public IReadOnlyList<NewDelivery> Compose(string id, JobRequest request, JobSnapshot last)
    {
        if (TargetOf(request.Webhook) is not { } target)
        {
            return [];
        }

        return
        [
            new()
            {
                Id = $"msg_{request.RunKey:N}",
                Target = JsonSerializer.SerializeToUtf8Bytes(target, WebhookJsonContext.Default.DeliveryTarget),
                Body = Body(id, request, last),
            },
        ];
    }

    /// <summary>Whether a text is a URL that a webhook may have.</summary>
    public static bool IsUrl(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) && url.Host.Length > 0;

    internal static byte[] Body(string id, JobRequest request, JobSnapshot last)
    {
        var files = last.Output.Select(static f => f with { Data = null }).ToList(); // Files are fetched, not pushed.
        var result = JsonNode.Parse(Answers.ToJson((last with { Output = files }).ToResult(id, withResponse: false)))!.AsObject();
        var body = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["id", "status", "message", "output", "timings"])
        {
            var value = result[name];
            result.Remove(name);
            body[name] = value;
        }

        if (request.Webhook?.ExtraParams is { ValueKind: JsonValueKind.Object } extra && extra.GetPropertyCount() > 0)
        {
            body["extra"] = JsonNode.Parse(extra.GetRawText());
        }

        foreach (var name in (ReadOnlySpan<string>)["error", "texts", "random_numbers"])
        {
            if (result.Remove(name, out var value))
            {
                body[name] = value;
            }
        }

        return Encoding.ASCII.GetBytes(PythonText.Write(body));
    }

    private DeliveryTarget? TargetOf(WebhookTarget? asked)
    {
        var settings = options.Webhook;
        IReadOnlyList<string> own = [.. ((string[])[settings.Secret, settings.OtherSecret]).Where(s => s.Length > 0)];
        if (IsUrl(asked?.Url))
        {
            return new()
            {
                Url = asked!.Url,
                Secrets = asked.Secret.Length > 0 ? [asked.Secret] : own,
                TimeoutSeconds = asked.Timeout,
            };
        }

        return IsUrl(settings.Url) ? new() { Url = settings.Url!, Secrets = own, TimeoutSeconds = settings.Timeout.TotalSeconds, IsTrusted = true } : null;
    }
}
