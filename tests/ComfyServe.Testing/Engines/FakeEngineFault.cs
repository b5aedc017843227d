namespace ComfyServe.Testing.Engines;

/// <summary>What goes wrong at one moment of a <see cref="FakeEngine"/>.</summary>
public enum FakeEngineFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Every socket is cut without a closing handshake, before the message is sent.</summary>
    DropSockets,

    /// <summary>The message is swallowed.</summary>
    Swallow,
}
