print(mako.port)
