"""What every component's http.py stands on: replies, bodies, ETags and cursors."""
