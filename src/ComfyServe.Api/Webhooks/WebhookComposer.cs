using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Api.Jobs;
using ComfyServe.Api.Jobs.Durable;
using ComfyServe.Api.Requests;
using ComfyServe.Contracts.Api;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Jobs.Deliveries;
using PythonText = ComfyServe.Workflows.Json.PythonJson;

namespace ComfyServe.Api.Webhooks;

/// <summary>Composes what a webhook tells about the end of a job, byte for byte in the original's form: receivers verify signatures over it.</summary>
internal sealed class WebhookComposer(ApiOptions options) : IDeliveryComposer
{
    /// <inheritdoc/>
    public IReadOnlyList<NewDelivery> Compose(string id, JobRequest request, JobSnapshot last)
    {
        if (!EventsOf(request).Contains(WebhookEvents.Completed) || TargetOf(request.Webhook) is not { } target)
        {
            return [];
        }

        return
        [
            new()
            {
                Id = $"msg_{request.RunKey:N}",
                Target = target.Write(),
                Body = Body(id, request, last),
            },
        ];
    }

    /// <summary>What is told about a request: what it chose, or else the service's choice.</summary>
    public IReadOnlyList<string> EventsOf(JobRequest request) => request.Webhook?.Events ?? options.Webhook.Events;

    /// <summary>The body about a job under way: the fields of the last one, and where the run stands.</summary>
    internal static byte[] Body(string id, JobRequest request, JobSnapshot now, string happened)
    {
        var body = Fields(id, request, now);
        body["event"] = happened;
        if (now.Step is { } step)
        {
            body["progress"] = new JsonObject
            {
                ["node_id"] = step.NodeId,
                ["value"] = step.Value,
                ["max"] = step.Max,
                ["percentage"] = step.Max > 0 ? Math.Round(100 * step.Value / step.Max, 1) : 0,
                ["overall_percentage"] = Math.Round(100 * now.Fraction, 1),
            };
        }

        return Encoding.ASCII.GetBytes(PythonText.Write(body));
    }

    /// <summary>The body about the end. It names its event only to those who chose events: the others get the original's bytes.</summary>
    internal static byte[] Body(string id, JobRequest request, JobSnapshot last)
    {
        var body = Fields(id, request, last);
        if (request.Webhook?.Events is not null)
        {
            body["event"] = WebhookEvents.Completed;
        }

        return Encoding.ASCII.GetBytes(PythonText.Write(body));
    }

    private static JsonObject Fields(string id, JobRequest request, JobSnapshot last)
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

        return body;
    }

    internal DeliveryTarget? TargetOf(WebhookTarget? asked)
    {
        var settings = options.Webhook;
        IReadOnlyList<string> own = [.. ((string[])[settings.Secret, settings.OtherSecret]).Where(s => s.Length > 0)];
        if (WebUrl.Parse(asked?.Url) is not null)
        {
            return new()
            {
                Url = asked!.Url,
                Secrets = asked.Secret.Length > 0 ? [asked.Secret] : own,
                TimeoutSeconds = asked.Timeout,
            };
        }

        return WebUrl.Parse(settings.Url) is not null ? new() { Url = settings.Url!, Secrets = own, TimeoutSeconds = settings.Timeout.TotalSeconds, IsTrusted = true } : null;
    }
}
