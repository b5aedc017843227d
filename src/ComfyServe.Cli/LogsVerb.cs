using System.CommandLine;
using System.Text.Json.Nodes;
using ComfyServe.Cli.Fleet;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve logs</c>: what happened at an endpoint, and why it was scaled.</summary>
internal static class LogsVerb
{
    private static readonly string[] Levels = ["info0", "info1", "trace", "debug"];

    public static Command Build()
    {
        var endpoint = new Argument<string>("ENDPOINT") { Description = "Name of the endpoint" };
        var level = new Option<string>("--level")
        {
            Description = "info0: states; info1: scaling decisions with their reasons; trace: workers; debug: numbers (default info1)",
            HelpName = "LEVEL",
            DefaultValueFactory = _ => "info1",
        };
        var tail = new Option<int?>("--tail") { Description = "Only so many of the last lines", HelpName = "LINES" }.Between(0, int.MaxValue);
        var command = Verb.Create("logs", "Shows an endpoint's log", "comfyserve logs comfyui-json", "comfyserve logs comfyui-json --level trace --tail 20");
        command.Arguments.Add(endpoint);
        command.Options.Add(level);
        command.Options.Add(tail);
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            var chosen = parsed.GetRequiredValue(level);
            var name = int.TryParse(chosen, out var number) && number >= 0 && number < Levels.Length ? Levels[number] : chosen;
            if (!Levels.Contains(name, StringComparer.Ordinal))
            {
                throw new UsageException($"'--level {chosen}' wants one of {string.Join(", ", Levels)}, or 0 to 3");
            }

            using var gateway = fleet.Connect(parsed);
            var body = new JsonObject { ["endpoint"] = parsed.GetRequiredValue(endpoint), ["tail"] = parsed.GetValue(tail) };
            var logs = await gateway.CallAsync(HttpMethod.Post, "/get_endpoint_logs/", body, cancellationToken);
            if (fleet.Json(parsed))
            {
                Sheet.Json(logs);
            }
            else
            {
                Console.Write((string?)logs[name]);
            }

            return ExitCodes.Success;
        });
    }
}
