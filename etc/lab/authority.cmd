@echo off
rem Makes this Windows trust the lab's certificates: for everybody if it is run
rem as administrator, else for this user, whom Windows asks.
certutil -addstore -f Root "%~dp0authority.crt" && exit /b 0
certutil -user -addstore -f Root "%~dp0authority.crt"
