using System.Net;
using System.Net.Sockets;

namespace ComfyServe.Cli.Roles;

/// <summary>The ports that a command is going to listen on, looked at together before anything is made, started or printed.</summary>
internal sealed class ListenPorts
{
    private readonly List<(string Role, string Host, int Port)> _ports = [];

    /// <summary>Adds a role's port; 0 is any free one and never taken.</summary>
    public ListenPorts Add(string role, string host, int port)
    {
        if (port != 0)
        {
            _ports.Add((role, host, port));
        }

        return this;
    }

    /// <summary>Looks at all of them.</summary>
    /// <exception cref="UsageException">Some cannot be had; the message names each of them.</exception>
    public void Check()
    {
        var mistakes = new List<string>();
        foreach (var same in _ports.GroupBy(static p => p.Port).Where(static g => g.Count() > 1))
        {
            mistakes.Add($"port {same.Key} is wanted by {string.Join(" and ", same.Select(static p => $"the {p.Role}"))}: each needs its own");
        }

        foreach (var (role, host, port) in _ports.DistinctBy(static p => p.Port))
        {
            if (Trouble(host, port) is { } trouble)
            {
                mistakes.Add($"{host}:{port}, for the {role}, {trouble}");
            }
        }

        if (mistakes.Count > 0)
        {
            throw new UsageException(string.Join(Environment.NewLine, mistakes));
        }
    }

    private static string? Trouble(string host, int port)
    {
        if (!IPAddress.TryParse(host, out var address))
        {
            return null; // The role itself says what is wrong with its address.
        }

        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return null;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"is taken by another program ('ss -ltnp sport = :{port}' shows which): stop it, or choose another port (0 for any free one)",
                SocketError.AccessDenied => "may not be used by this user: choose a port above 1023",
                SocketError.AddressNotAvailable => "is not an address of this machine",
                _ => $"cannot be used: {FailureText.Of(error)}",
            };
        }
    }
}
