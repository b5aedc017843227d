using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Events;
using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Queue;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Engine.Http;

/// <summary><c>/prompt</c>: checks a workflow and queues it.</summary>
internal sealed class PromptApi(PromptQueue queue, PromptNumbers numbers, EngineNodes nodes, SocketHub hub)
{
    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapBoth(HttpMethods.Get, "/prompt", ShowAsync);
        routes.MapBoth(HttpMethods.Post, "/prompt", SubmitAsync);
    }

    private Task ShowAsync(HttpContext context) => Reply.JsonAsync(
        context, new JsonObject { ["exec_info"] = new JsonObject { ["queue_remaining"] = queue.Remaining } });

    private async Task SubmitAsync(HttpContext context)
    {
        var (isJson, value) = await JsonBody.ReadAsync(context);
        if (!isJson || value is not (JsonObject or JsonArray or JsonValue) || !TryNumber(value as JsonObject, out var number, out var shown))
        {
            await Reply.FailureAsync(context);
            return;
        }

        if (value is not JsonObject body || !body.TryGetPropertyValue("prompt", out var prompt))
        {
            const string Missing = "No prompt provided";
            await RefuseAsync(context, new PromptValidation(Error("no_prompt", Missing, Missing), [], []));
            return;
        }

        if (!TryReadGraph(prompt, out var graph) || !TryReadExtra(body, out var extra) || !TryReadTargets(body, out var targets))
        {
            await Reply.FailureAsync(context);
            return;
        }

        var validation = nodes.Validator.Validate(graph, targets);
        if (validation.IsValid)
        {
            var id = body.TryGetPropertyValue("prompt_id", out var chosen) ? Text(chosen) : Guid.NewGuid().ToString();
            await QueueAsync(context, new QueueItem(new QueuedPrompt(number, id, graph, extra, validation.OutputsToExecute), shown), shown, validation);
        }
        else
        {
            await RefuseAsync(context, validation);
        }
    }

    /// <summary>Queues a prompt and answers. Its client knows the prompt's id from the answer only, so messages wait for that.</summary>
    private async Task QueueAsync(HttpContext context, QueueItem item, JsonNode number, PromptValidation validation)
    {
        using var hold = item.Prompt.ClientId is { } client ? hub.Find(client)?.Hold() : null;
        await (queue.TryAdd(item)
            ? Reply.JsonAsync(context, WithLeftOut(
                new() { ["prompt_id"] = item.Prompt.PromptId, ["number"] = number, ["node_errors"] = validation.NodeErrors }, validation))
            : Reply.JsonAsync(
                context,
                Body(new PromptValidation(Error("queue_full", "The queue is full", "too many prompts wait; send this one again later"), [], [])),
                StatusCodes.Status503ServiceUnavailable));
    }

    private static Task RefuseAsync(HttpContext context, PromptValidation validation) =>
        Reply.JsonAsync(context, Body(validation), StatusCodes.Status400BadRequest);

    private static JsonObject Body(PromptValidation validation) =>
        WithLeftOut(new() { ["error"] = validation.Error, ["node_errors"] = validation.NodeErrors }, validation);

    private static JsonObject WithLeftOut(JsonObject body, PromptValidation validation)
    {
        if (validation.ErrorsLeftOut > 0)
        {
            body["node_errors_left_out"] = validation.ErrorsLeftOut;
        }

        return body;
    }

    private static JsonObject Error(string type, string message, string details) => new()
    {
        ["type"] = type,
        ["message"] = message,
        ["details"] = details,
        ["extra_info"] = new JsonObject(),
    };

    /// <summary>The caller's number, or the next one: the count goes on even when the prompt is refused later.</summary>
    private bool TryNumber(JsonObject? body, out double number, out JsonNode shown)
    {
        if (body is null || !body.TryGetPropertyValue("number", out var chosen))
        {
            var counted = numbers.Take(front: JsonBody.IsTruthy(body?["front"]));
            (number, shown) = (counted, JsonValue.Create(counted));
            return true;
        }

        var text = chosen?.GetValueKind() switch
        {
            JsonValueKind.Number => chosen.ToJsonString(),
            JsonValueKind.String => chosen.GetValue<string>(),
            JsonValueKind.True => "1",
            JsonValueKind.False => "0",
            _ => "",
        };
        var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
        shown = JsonValue.Create(number);
        return isNumber;
    }

    /// <summary>The workflow. An empty list or text is an empty workflow; anything else is none.</summary>
    private static bool TryReadGraph(JsonNode? prompt, out JsonObject graph)
    {
        graph = prompt as JsonObject ?? [];
        return prompt is JsonObject or JsonArray { Count: 0 } || (prompt is JsonValue && prompt.GetValueKind() == JsonValueKind.String && prompt.GetValue<string>().Length == 0);
    }

    private static bool TryReadExtra(JsonObject body, out JsonObject extra)
    {
        extra = [];
        if (body.TryGetPropertyValue("extra_data", out var given))
        {
            if (given is not JsonObject map)
            {
                return false;
            }

            body.Remove("extra_data");
            extra = map;
        }

        if (body.TryGetPropertyValue("client_id", out var client))
        {
            extra["client_id"] = client?.DeepClone();
        }

        return true;
    }

    /// <summary>Which outputs are wanted: those that Python's <c>in</c> finds in what was sent, so that a text holds every id that is part of it.</summary>
    private static bool TryReadTargets(JsonObject body, out Func<string, bool>? isTarget)
    {
        isTarget = null;
        if (!body.TryGetPropertyValue("partial_execution_targets", out var given) || given is null)
        {
            return true;
        }

        switch (given)
        {
            case JsonObject map:
                isTarget = map.ContainsKey;
                break;
            case JsonArray list:
                var ids = list.Where(static t => t?.GetValueKind() == JsonValueKind.String).Select(static t => t!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
                isTarget = ids.Contains;
                break;
            case JsonValue when given.GetValueKind() == JsonValueKind.String:
                var text = given.GetValue<string>();
                isTarget = id => text.Contains(id, StringComparison.Ordinal);
                break;
        }

        return isTarget is not null;
    }

    /// <summary>A value as Python's <c>str</c> gives it.</summary>
    private static string Text(JsonNode? value) => value?.GetValueKind() switch
    {
        null => "None",
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        _ => Workflows.Json.PythonJson.Write(value),
    };
}
