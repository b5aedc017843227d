using System.CommandLine;
using ComfyServe.Cli.Up;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve up</c>: every role on this machine until Ctrl-C.</summary>
internal static class UpVerb
{
    public static Command Build()
    {
        var host = Options.Host();
        var data = Options.Data();
        var engine = Port("--engine-port", "engine", 18188);
        var api = Port("--api-port", "API service", 18288);
        var gateway = Port("--gateway-port", "gateway", 8080);
        var worker = Port("--worker-port", "worker", 3000);
        var memory = Options.EngineMemory();
        var command = Verb.Create(
            "up",
            "Runs all roles on this machine until Ctrl-C: engine, API service, worker, and a gateway with the endpoint 'comfyui-json'",
            "comfyserve up",
            "comfyserve up --data ~/ComfyUI --gateway-port 9000");
        foreach (var option in new Option[] { host, data, engine, api, gateway, worker, memory })
        {
            command.Options.Add(option);
        }

        return command.Does(async (parsed, cancellationToken) =>
        {
            var options = new FleetPlan(
                parsed.GetRequiredValue(host), parsed.GetValue(data), parsed.GetValue(engine), parsed.GetValue(api), parsed.GetValue(gateway), parsed.GetValue(worker), Options.Bytes(parsed.GetValue(memory)));
            await using var fleet = await LocalFleet.StartAsync(options, cancellationToken);
            fleet.Print(Console.Out);
            Console.WriteLine($"ready {fleet.GatewayUrl}");
            await fleet.UntilStoppedAsync(cancellationToken);
            return ExitCodes.Success;
        });
    }

    private static Option<int> Port(string name, string role, int standard) => Options.Port(standard, name, $"Port of the {role}, 0 for any free one");
}
