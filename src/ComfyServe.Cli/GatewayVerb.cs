using System.CommandLine;
using ComfyServe.Cli.Roles;
using ComfyServe.Dashboard;
using ComfyServe.Gateway;
using Microsoft.AspNetCore.Builder;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve gateway</c>: the front door of a fleet in the foreground.</summary>
internal static class GatewayVerb
{
    public static Command Build()
    {
        var host = Options.Host();
        var port = Options.Port(8080);
        var data = Options.Data();
        var database = new Option<string?>("--database")
        {
            Description = "PostgreSQL connection string that several gateways share (default: COMFYSERVE_DATABASE, else an SQLite file of this gateway)",
            HelpName = "CONNECTION",
        };
        var publicUrl = new Option<string?>("--public-url")
        {
            Description = "URL under which workers and clients reach this gateway (default: the address it listens on)",
            HelpName = "URL",
        };
        var clusterHost = new Option<string>("--cluster-host")
        {
            Description = "Address under which the other gateways of the same database reach this one (default 127.0.0.1)",
            HelpName = "ADDRESS",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        clusterHost.Validators.Add(result =>
        {
            if (!System.Net.IPAddress.TryParse(result.GetValueOrDefault<string>(), out _))
            {
                result.AddError("'--cluster-host' wants an IP address");
            }
        });
        publicUrl.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } url && !WebUrl.TryParse(url, out _))
            {
                result.AddError($"'--public-url {url}' is not an http or https URL");
            }
        });
        var command = Verb.Create(
            "gateway",
            "Runs the gateway: routing, scaling, keys and durable jobs; the account's key is COMFYSERVE_ADMIN_KEY, or is made and printed once",
            "comfyserve gateway",
            "comfyserve gateway --host 0.0.0.0 --public-url https://gateway.example --data /var/lib/comfyserve");
        command.Options.Add(host);
        command.Options.Add(port);
        command.Options.Add(data);
        command.Options.Add(database);
        command.Options.Add(publicUrl);
        command.Options.Add(clusterHost);
        return command.Does((parsed, cancellationToken) =>
        {
            var options = Settings(parsed.GetValue(data), parsed.GetRequiredValue(host), parsed.GetValue(port));
            options.Database = parsed.GetValue(database) ?? options.Database;
            options.ClusterHost = parsed.GetRequiredValue(clusterHost);
            options.PublicUrl = parsed.GetValue(publicUrl) is { } url ? new Uri(url) : null;
            new ListenPorts().Add("gateway", options.Host, options.Port).Check();
            return Role.ServeAsync(Server(options), cancellationToken);
        });
    }

    /// <summary>The gateway with its dashboard.</summary>
    public static WebApplication Server(GatewayOptions options)
    {
        var server = GatewayServer.Build(options, Role.Configure);
        server.MapDashboard();
        return server;
    }

    /// <summary>The gateway's settings for a data folder.</summary>
    public static GatewayOptions Settings(string? data, string host, int port) => new()
    {
        Host = host,
        Port = port,
        DataDirectory = Path.Combine(DataFolder.Resolve(data), "gateway"),
        ServedHosts = HostNames.Read(),
        AllowedHosts = HostNames.ReadAllowed(),
        Database = Environment.GetEnvironmentVariable("COMFYSERVE_DATABASE") is { Length: > 0 } database ? database : null,
    };
}
