using System.Net;
using ComfyServe.Hosting.Browsers;

namespace ComfyServe.Cli;

/// <summary>The names under which services answer that ask for no keys.</summary>
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
}
