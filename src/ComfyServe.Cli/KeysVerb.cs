using System.CommandLine;
using System.Text.Json.Nodes;
using ComfyServe.Cli.Fleet;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve keys</c>: lists, makes and revokes API keys.</summary>
internal static class KeysVerb
{
    public static Command Build()
    {
        var command = Verb.Create("keys", "Lists, makes and revokes API keys");
        command.Subcommands.Add(BuildList());
        command.Subcommands.Add(BuildCreate());
        command.Subcommands.Add(BuildRevoke());
        return command;
    }

    private static Command BuildList()
    {
        var command = Verb.Create("list", "Lists API keys; their texts are known to nobody", "comfyserve keys list");
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var keys = await gateway.CallAsync(HttpMethod.Get, "/api/v0/auth/apikeys/", null, cancellationToken);
            if (fleet.Json(parsed))
            {
                Sheet.Json(new JsonObject { ["keys"] = keys.DeepClone() });
                return ExitCodes.Success;
            }

            AnsiConsole.Write(Sheet.Of(
                (keys as JsonArray ?? []).OfType<JsonObject>().Select(Row), ("id", "id"), ("name", "name"), ("begins with", "prefix"), ("scope", "scope"),
                ("endpoint", "endpoint"), ("made", "made"), ("last used", "used")));
            return ExitCodes.Success;
        });
    }

    private static Command BuildCreate()
    {
        var name = new Option<string?>("--name") { Description = "A name for people", HelpName = "TEXT" };
        var endpoint = new Option<string?>("--endpoint") { Description = "The only endpoint that the key may use (default: the whole account)", HelpName = "NAME" };
        var command = Verb.Create("create", "Makes an API key and prints it, this once", "comfyserve keys create --name ci --endpoint comfyui-json");
        command.Options.Add(name);
        command.Options.Add(endpoint);
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var body = new JsonObject { ["name"] = parsed.GetValue(name), ["endpoint"] = parsed.GetValue(endpoint) };
            var key = await gateway.CallAsync(HttpMethod.Post, "/api/v0/auth/apikeys/", body, cancellationToken);
            Sheet.Answer(fleet.Json(parsed), key, (string?)key["key"]);
            return ExitCodes.Success;
        });
    }

    private static Command BuildRevoke()
    {
        var id = new Argument<long?>("ID") { Description = "The key's id, see 'keys list'", Arity = ArgumentArity.ZeroOrOne };
        var endpoint = new Option<string?>("--endpoint") { Description = "The endpoint whose own key is replaced by another; its clients read the new one from the gateway", HelpName = "NAME" };
        var command = Verb.Create("revoke", "Makes an API key useless, at once", "comfyserve keys revoke 3", "comfyserve keys revoke --endpoint comfyui-json");
        command.Arguments.Add(id);
        command.Options.Add(endpoint);
        command.Validators.Add(result =>
        {
            if ((result.GetResult(id) is { Tokens.Count: > 0 }) == (result.GetResult(endpoint) is { Tokens.Count: > 0 }))
            {
                result.AddError("'keys revoke' wants either the ID of a key or '--endpoint NAME'; 'comfyserve keys list' lists them");
            }
        });
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var name = parsed.GetValue(endpoint);
            var path = name is null ? $"{parsed.GetValue(id)}" : $"endpoints/{Uri.EscapeDataString(name)}";
            var answer = await gateway.CallAsync(HttpMethod.Delete, $"/api/v0/auth/apikeys/{path}/", null, cancellationToken);
            Sheet.Answer(fleet.Json(parsed), answer, name is null ? $"key {parsed.GetValue(id)} revoked" : $"the own key of endpoint '{name}' is revoked, another has taken its place");
            return ExitCodes.Success;
        });
    }

    private static JsonObject Row(JsonObject key) => new()
    {
        ["id"] = key["id"]?.DeepClone(),
        ["name"] = (string?)key["name"],
        ["prefix"] = (string?)key["prefix"],
        ["scope"] = (string?)key["scope"],
        ["endpoint"] = (string?)key["endpoint"],
        ["made"] = Output.Moment((double?)key["created_at"]),
        ["used"] = Output.Moment((double?)key["last_used_at"]),
    };
}
