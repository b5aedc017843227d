using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace ComfyServe.Hosting.Logging;

/// <summary>How every role logs.</summary>
public static class ServiceLogging
{
    /// <summary>
    /// One line an event, in UTC, on standard error: standard output is for results and <c>ready URL</c>. The framework
    /// speaks up from Warning; a more exact category in a <c>Logging__LogLevel__…</c> variable overrides that.
    /// </summary>
    public static ILoggingBuilder AddServiceLogging(this ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical); // what keeps a host from starting is thrown too, and said once by who started it
        logging.AddFilter("System.Net.Http", LogLevel.Warning);
        logging.AddFilter("Orleans", LogLevel.Warning);
        logging.AddFilter("Orleans.Runtime.Scheduler", LogLevel.Error);
        logging.AddFilter("Orleans.Grain", LogLevel.Critical); // a last silo that stops finds nobody to move its grains to
        logging.AddFilter("Yarp", LogLevel.Warning); // its request log would hold signed URLs
        logging.AddConsole(static console => console.FormatterName = RoleConsoleFormatter.FormatterName);
        logging.Services.AddSingleton<ConsoleFormatter>(static _ => new RoleConsoleFormatter(TimeProvider.System));
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (Environment.GetEnvironmentVariable("COMFYSERVE_LOGS") is { Length: > 0 } folder)
        {
            logging.Services.AddSingleton<ILoggerProvider>(services =>
                new LogFile(folder, Role(services.GetService<IHostEnvironment>()), TimeProvider.System, static reason => Console.Error.WriteLine($"comfyserve: {reason}")));
        }

        return logging;
    }

    // Servers are named after their assembly: 'ComfyServe.Gateway' logs to gateway.log. What runs before a server is the program's own.
    private static string Role(IHostEnvironment? environment) => environment?.ApplicationName.Split('.')[^1].ToLowerInvariant() ?? "comfyserve";
}
