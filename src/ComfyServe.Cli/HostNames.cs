using System.Net;
using ComfyServe.Hosting.Browsers;
using ComfyServe.Hosting.Outbound;

namespace ComfyServe.Cli;

/// <summary>Names of hosts in the environment: those under which services answer that ask for no keys, and those that may be called.</summary>
internal static class HostNames
{
    /// <summary>Reads <c>SERVED_HOSTS</c>.</summary>
    /// <exception cref="UsageException">A name has a wrong form.</exception>
    public static IReadOnlyList<string> Read()
    {
        var names = ServedHosts.FromEnvironment();
        try
        {
            _ = new ServedHosts(IPAddress.Loopback, names);
            return names;
        }
        catch (FormatException e)
        {
            throw new UsageException($"{ServedHosts.Variable}: {e.Message}");
        }
    }

    /// <summary>Reads <c>ALLOWED_HOSTS</c>: what webhooks may call although it is not on the public internet.</summary>
    /// <exception cref="UsageException">An entry has a wrong form.</exception>
    public static IReadOnlyList<string> ReadAllowed()
    {
        const string Variable = "ALLOWED_HOSTS";
        var hosts = (Environment.GetEnvironmentVariable(Variable) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        try
        {
            _ = new AddressPolicy(hosts);
            return hosts;
        }
        catch (FormatException e)
        {
            throw new UsageException($"{Variable}: {e.Message}");
        }
    }
}
